/** Edits: what a command makes of a document, as a list of changes that can be taken back exactly. */

import { indexById, taskOf, type Task, type TreeDocument } from './document';

export type Change =
  | { readonly kind: 'insert'; readonly index: number; readonly task: Task }
  | { readonly kind: 'remove'; readonly index: number; readonly task: Task }
  | { readonly kind: 'replace'; readonly index: number; readonly before: Task; readonly after: Task }
  | { readonly kind: 'document'; readonly before: TreeDocument; readonly after: TreeDocument };

/** One step of undo. Nothing in it refers to more than the tasks that it changes. */
export interface Edit {
  readonly label: string;
  readonly changes: readonly Change[];
  /** What is good to select afterwards; left out where the selection stays. */
  readonly select?: readonly string[];
  /** What could not be kept, in words. */
  readonly notices: readonly string[];
  /** Edits with the same key that follow each other closely are one step, such as the letters of a word. */
  readonly mergeKey?: string;
}

/** Tell whether an edit changes nothing. */
export function isEmpty(edit: Edit): boolean {
  return edit.changes.length === 0;
}

/** Carry changes out. */
export function applyChanges(document: TreeDocument, changes: readonly Change[]): TreeDocument {
  let whole = document;
  let tasks: Task[] | null = null;
  for (const change of changes) {
    if (change.kind === 'document') {
      whole = change.after;
      tasks = null;
    } else {
      tasks ??= [...whole.tasks];
      applyToList(tasks, change);
    }
    if (tasks) whole = { ...whole, tasks };
  }
  return whole;
}

function applyToList(tasks: Task[], change: Exclude<Change, { kind: 'document' }>): void {
  if (change.kind === 'insert') tasks.splice(change.index, 0, change.task);
  else if (change.kind === 'remove') tasks.splice(change.index, 1);
  else tasks[change.index] = change.after;
}

/** Return the changes that take these back. */
export function invert(changes: readonly Change[]): Change[] {
  return changes.map(invertOne).reverse();
}

function invertOne(change: Change): Change {
  switch (change.kind) {
    case 'insert':
      return { ...change, kind: 'remove' };
    case 'remove':
      return { ...change, kind: 'insert' };
    default:
      return { ...change, before: change.after, after: change.before } as Change;
  }
}

/** A document that a command works on, which notes what becomes of it. */
export class Draft {
  private readonly changes: Change[] = [];
  private readonly notices: string[] = [];

  constructor(public document: TreeDocument) {}

  task(id: string): Task | undefined {
    return taskOf(this.document, id);
  }

  /** Put another task in the place of one with the same id. */
  replace(after: Task): void {
    const index = this.indexOf(after.id);
    const before = index === undefined ? undefined : this.document.tasks[index];
    if (index === undefined || !before || before === after) return;
    this.apply([{ kind: 'replace', index, before, after }]);
  }

  /** Put many tasks in the places of those with their ids, at the cost of one. */
  replaceAll(tasks: readonly Task[]): void {
    const index = indexById(this.document);
    const changes = tasks.flatMap((after): Change[] => {
      const place = index.get(after.id);
      const before = place === undefined ? undefined : this.document.tasks[place];
      return before && before !== after ? [{ kind: 'replace', index: place!, before, after }] : [];
    });
    this.apply(changes);
  }

  insert(tasks: readonly Task[], index = this.document.tasks.length): void {
    this.apply(tasks.map((task, offset) => ({ kind: 'insert', index: index + offset, task })));
  }

  remove(ids: ReadonlySet<string>): void {
    // From the end on, so that the places before stay what they are.
    const places = this.document.tasks.flatMap((task, index) => (ids.has(task.id) ? [{ task, index }] : [])).reverse();
    this.apply(places.map(({ task, index }) => ({ kind: 'remove', index, task })));
  }

  replaceDocument(after: TreeDocument): void {
    this.apply([{ kind: 'document', before: this.document, after }]);
  }

  notice(...words: string[]): void {
    this.notices.push(...words);
  }

  finish(label: string, more: Pick<Edit, 'select' | 'mergeKey'> = {}): Edit {
    return { label, changes: this.changes, notices: this.notices, ...more };
  }

  private indexOf(id: string): number | undefined {
    return indexById(this.document).get(id);
  }

  private apply(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.changes.push(...changes);
    this.document = applyChanges(this.document, changes);
  }
}
