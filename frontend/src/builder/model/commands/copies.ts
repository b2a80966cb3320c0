/** Commands that make copies: ids are renewed, references inside of what is copied stay inside. */

import { keepBindings, Names, bindingsOf } from '../bindings';
import { taskOf, type NewId, type Task, type TreeDocument } from '../document';
import { Draft, type Edit } from '../edit';
import type { Point } from '../fields';
import { withKey, withoutKey, type JSONValue } from '../json';
import { freeName, parentOf, positionOf, readDependency, withDescendants } from '../task';
import { text, textOfTasks } from '../texts';
import { edgesOf, withEdges, withId } from './edges';
import { existing } from './tasks';

/** How far a copy lies from what it was copied from, where no place is given. */
export const COPY_OFFSET = 32;

export interface PasteOptions {
  newId: NewId;
  /** Where the upper left corner of the pasted tasks goes; beside their old places when it is left out. */
  at?: Point;
}

/** Paste tasks that `readClipboard` has read. What they refer to outside of themselves is left out, with a notice. */
export function pasteTasks(document: TreeDocument, tasks: readonly Task[], options: PasteOptions): Edit {
  const draft = new Draft(document);
  const label = text('edit.paste', { what: textOfTasks(tasks.map((task) => task.name)) });
  return insertCopies(draft, tasks, options, () => false, label);
}

/** Duplicate tasks, with everything inside of them; they wait for what the originals wait for. */
export function duplicateTasks(document: TreeDocument, ids: Iterable<string>, newId: NewId): Edit {
  const draft = new Draft(document);
  const chosen = withDescendants(document, existing(document, ids));
  const tasks = document.tasks.filter((task) => chosen.has(task.id));
  const label = text('edit.duplicate', { what: textOfTasks(tasks.map((task) => task.name)) });
  return insertCopies(draft, tasks, { newId }, (id) => taskOf(document, id) !== undefined, label);
}

function insertCopies(
  draft: Draft,
  tasks: readonly Task[],
  { newId, at }: PasteOptions,
  isKept: (outside: string) => boolean,
  label: string,
): Edit {
  const copier = new Copier(draft, tasks, newId, isKept);
  const copies = copier.copies(offsetOf(tasks, at));
  draft.insert(copies);
  return draft.finish(label, { select: copies.filter((copy) => copier.isTop(copy)).map((copy) => copy.id) });
}

class Copier {
  private readonly ids = new Map<string, string>();
  private readonly names = new Map<string, string>();

  constructor(
    private readonly draft: Draft,
    private readonly tasks: readonly Task[],
    newId: NewId,
    private readonly isKept: (outside: string) => boolean,
  ) {
    const taken = new Set(draft.document.tasks.map((task) => task.name));
    for (const task of tasks) {
      this.ids.set(task.id, newId());
      const name = freeName(task.name, taken);
      taken.add(name);
      this.names.set(task.id, name);
    }
  }

  copies(offset: Point): Task[] {
    const before = new Names({ tree: { name: '' }, tasks: this.tasks, rest: {} });
    const renewed = this.tasks.map((task) => this.copy(task, offset));
    const now = new Names({ ...this.draft.document, tasks: [...this.draft.document.tasks, ...renewed] });
    for (const task of this.tasks) this.noticeBindings(task, before);
    return keepBindings(renewed, now, (name) => this.ids.get(before.resolve(name) ?? '') ?? null);
  }

  isTop(copy: Task): boolean {
    const parent = parentOf(copy);
    return parent === null || ![...this.ids.values()].includes(parent);
  }

  private copy(task: Task, offset: Point): Task {
    const name = this.names.get(task.id)!;
    if (name !== task.name) this.draft.notice(text('paste.renamed', { from: task.name, to: name }));
    const copy = this.withParent({ ...task, id: this.ids.get(task.id)!, name });
    const place = positionOf(copy);
    const isMoved = place !== null && this.isTop(copy);
    const placed = isMoved
      ? withKey(copy, 'position', { ...(copy.position as object), x: place.x + offset.x, y: place.y + offset.y })
      : copy;
    return this.withDependencies(placed);
  }

  private withParent(copy: Task): Task {
    const parent = parentOf(copy);
    if (parent === null) return copy;
    const renewed = this.ids.get(parent);
    if (renewed !== undefined) return withKey(copy, 'parent_id', renewed);
    if (this.isKept(parent)) return copy;
    this.draft.notice(text('paste.parent', { name: copy.name }));
    return withoutKey(copy, 'parent_id');
  }

  private withDependencies(copy: Task): Task {
    const before = edgesOf(copy);
    if (before.length === 0) return copy;
    const edges = before.flatMap((edge) => this.renew(edge));
    const count = before.length - edges.length;
    if (count === 1) this.draft.notice(text('paste.dependency', { name: copy.name }));
    if (count > 1) this.draft.notice(text('paste.dependencies', { name: copy.name, count }));
    return withEdges(copy, edges);
  }

  private renew(edge: JSONValue): JSONValue[] {
    const id = readDependency(edge)?.id;
    if (id === undefined) return [edge];
    const renewed = this.ids.get(id);
    if (renewed !== undefined) return [withId(edge, renewed)];
    return this.isKept(id) ? [edge] : [];
  }

  private noticeBindings(task: Task, inside: Names): void {
    const outside = new Names(this.draft.document);
    for (const reference of new Set(bindingsOf(task).map((binding) => binding.name))) {
      const meant = outside.resolve(reference);
      if (inside.resolve(reference) !== null || (meant !== null && this.isKept(meant))) continue;
      this.draft.notice(text('paste.binding', { name: this.names.get(task.id)!, reference }));
    }
  }
}

function offsetOf(tasks: readonly Task[], at: Point | undefined): Point {
  if (!at) return { x: COPY_OFFSET, y: COPY_OFFSET };
  const inside = new Set(tasks.map((task) => task.id));
  const places = tasks.filter((task) => !inside.has(parentOf(task) ?? '')).flatMap((task) => positionOf(task) ?? []);
  const left = Math.min(...places.map(({ x }) => x));
  const top = Math.min(...places.map(({ y }) => y));
  return places.length === 0 ? at : { x: at.x - left, y: at.y - top };
}
