/** Three-way merge: what two people made of one document. All that either did is in the result or a conflict. */

import { keepBindings, Names } from './bindings';
import { taskOf, type Task, type TreeDocument } from './document';
import { fieldOf } from './diff';
import { taskDefault, treeDefault } from './fields';
import { TaskGraph } from './graph';
import { pathText, sameJSON, type Path } from './json';
import { mergeDependencies, mergeObjects, mergeOrders, mergeValues, type Sides, type Value } from './merge-values';
import { bindingsOf } from './bindings';
import { dependenciesOf, parentOf } from './task';
import { text } from './texts';

/**
 * Something that a person must decide.
 *
 * - `value`: both have changed it; the merged document has mine. `path` begins at the task, or at the document for the
 *   tree (`taskId` null). For an edge the path is `dependencies` and the upstream's id.
 * - `removed`: deleted by one, changed or used by the other; the merged document has it, as it was changed.
 * - `order`: both have moved tasks; the merged document has my order.
 * - `cycle`: each side is fine, both together are not.
 */
export interface Conflict {
  kind: 'value' | 'removed' | 'order' | 'cycle';
  taskId: string | null;
  path: Path;
  sides: Sides<Value>;
  message: string;
}

export interface Merged {
  document: TreeDocument;
  conflicts: readonly Conflict[];
}

/** Merge what I and they made of `base`. */
export function mergeDocuments(base: TreeDocument, mine: TreeDocument, theirs: TreeDocument): Merged {
  return new Merge({ base, mine, theirs }).run();
}

class Merge {
  private readonly conflicts: Conflict[] = [];

  constructor(private readonly documents: Sides<TreeDocument>) {}

  run(): Merged {
    const tasks = new Map<string, Task>();
    const { base, mine, theirs } = this.documents;
    for (const { id } of [...mine.tasks, ...theirs.tasks, ...base.tasks]) {
      const task = tasks.has(id) ? undefined : this.mergeTask(id);
      if (task) tasks.set(id, task);
    }
    this.bringBack(tasks);
    const document = { tree: this.mergeTree('tree'), tasks: this.ordered(tasks), rest: this.mergeTree('rest') };
    const whole = { ...document, tasks: this.rebound(document) };
    this.findCycle(whole);
    return { document: whole, conflicts: this.conflicts };
  }

  private mergeTask(id: string): Task | undefined {
    const sides = this.sidesOf(id);
    const { base, mine, theirs } = sides;
    if (mine && theirs) return this.mergeFields(id, { base: base ?? mine, mine, theirs }, base === undefined);
    const left = mine ?? theirs;
    if (!left || !base) return left;
    if (isSameTask(left, base)) return undefined;
    this.conflict('removed', id, [], sides, text('merge.removedChanged', { name: left.name }));
    return left;
  }

  private mergeFields(id: string, sides: Sides<Task>, isNew: boolean): Task {
    // Of a task that both have made under one id, nothing was there before.
    const known = isNew ? { ...sides, base: { id, name: '' } as Task } : sides;
    const onConflict = (path: Path, values: Sides<Value>) => this.valueConflict(id, path, values);
    return mergeObjects([], known, onConflict, taskDefault, (path, values, conflict) =>
      path[0] === 'dependencies' ? mergeDependencies(path, values, conflict) : mergeValues(path, values, conflict),
    );
  }

  /** Tasks that one side deleted and that the other side's tasks still refer to stay. */
  private bringBack(tasks: Map<string, Task>): void {
    const missing = [...tasks.values()].flatMap((task) => this.lostReferences(task, tasks));
    for (let id = missing.pop(); id !== undefined; id = missing.pop()) {
      const back = tasks.has(id) ? undefined : taskOf(this.documents.base, id);
      if (!back) continue;
      tasks.set(id, back);
      this.conflict('removed', id, [], this.sidesOf(id), text('merge.removedUsed', { name: back.name }));
      missing.push(...this.lostReferences(back, tasks));
    }
  }

  private lostReferences(task: Task, tasks: ReadonlyMap<string, Task>): string[] {
    const parent = parentOf(task);
    const used = [...dependenciesOf(task).map((edge) => edge.id), ...(parent === null ? [] : [parent])];
    return used.filter((id) => !tasks.has(id));
  }

  private mergeTree<K extends 'tree' | 'rest'>(key: K): TreeDocument[K] {
    const { base, mine, theirs } = this.documents;
    const onConflict = (path: Path, values: Sides<Value>) => this.valueConflict(null, path, values);
    const sides = { base: base[key], mine: mine[key], theirs: theirs[key] };
    return mergeObjects(key === 'tree' ? ['tree'] : [], sides, onConflict, key === 'tree' ? treeDefault : undefined);
  }

  private ordered(tasks: ReadonlyMap<string, Task>): Task[] {
    const { base, mine, theirs } = this.documents;
    const ids = ({ tasks: list }: TreeDocument) => list.map((task) => task.id);
    const sides = { base: ids(base), mine: ids(mine), theirs: ids(theirs) };
    const { order, isContested } = mergeOrders(sides, new Set(tasks.keys()));
    if (isContested) this.conflict('order', null, ['tasks'], sides, text('merge.order', { path: '$.tasks' }));
    return order.map((id) => tasks.get(id)!);
  }

  /** One may have renamed what the other's new bindings name: a binding means what it meant to who wrote it. */
  private rebound(document: TreeDocument): Task[] {
    const mine = new Names(this.documents.mine);
    const theirs = new Names(this.documents.theirs);
    const isMine = (name: string, { id }: Task) => {
      const own = taskOf(this.documents.mine, id);
      return own !== undefined && bindingsOf(own).some((binding) => binding.name === name);
    };
    return keepBindings(document.tasks, new Names(document), (name, task) =>
      isMine(name, task) ? mine.resolve(name) : theirs.resolve(name),
    );
  }

  private findCycle(document: TreeDocument): void {
    const graph = new TaskGraph(document);
    const cycle = graph.findCycle() ?? parentCycle(document);
    if (!cycle) return;
    const { mine, theirs } = this.documents;
    if ([mine, theirs].some((side) => new TaskGraph(side).findCycle() ?? parentCycle(side))) return;
    const { base } = this.documents;
    const sides = {
      base: dependenciesAt(base, cycle),
      mine: dependenciesAt(mine, cycle),
      theirs: dependenciesAt(theirs, cycle),
    };
    this.conflict('cycle', cycle[0]!, [], sides, text('merge.cycle', { route: graph.routeText(cycle) }));
  }

  private sidesOf(id: string): Sides<Task | undefined> {
    const { base, mine, theirs } = this.documents;
    return { base: taskOf(base, id), mine: taskOf(mine, id), theirs: taskOf(theirs, id) };
  }

  private valueConflict(taskId: string | null, path: Path, sides: Sides<Value>): void {
    const task = taskId === null ? undefined : taskOf(this.documents.mine, taskId);
    const where = task ? `${task.name}: ${pathText(path, '').replace(/^\./, '')}` : pathText(path);
    this.conflict('value', taskId, path, sides, text('merge.value', { path: where }));
  }

  private conflict(
    kind: Conflict['kind'],
    taskId: string | null,
    path: Path,
    sides: Sides<Value>,
    message: string,
  ): void {
    this.conflicts.push({ kind, taskId, path, sides, message });
  }
}

function isSameTask(a: Task, b: Task): boolean {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) =>
    sameJSON(fieldOf(a, key), fieldOf(b, key)),
  );
}

function dependenciesAt(document: TreeDocument, ids: readonly string[]): Value {
  return [...new Set(ids)].flatMap((id) => {
    const task = taskOf(document, id);
    return task ? [{ id, dependencies: fieldOf(task, 'dependencies') ?? [], parent_id: parentOf(task) }] : [];
  });
}

function parentCycle(document: TreeDocument): string[] | null {
  for (const { id } of document.tasks) {
    const path = [id];
    for (let at = parentIn(document, id); at !== null; at = parentIn(document, at)) {
      if (path.includes(at)) return [...path.slice(path.indexOf(at)), at];
      path.push(at);
    }
  }
  return null;
}

function parentIn(document: TreeDocument, id: string): string | null {
  const task = taskOf(document, id);
  return task ? parentOf(task) : null;
}
