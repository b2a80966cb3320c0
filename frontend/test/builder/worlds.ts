/** Random documents and edits for property tests. Every chance comes from a seed. */

import { Names, bindingText } from '../../src/builder/model/bindings';
import {
  addTask,
  applyLayout,
  connect,
  disconnect,
  dropOnEdge,
  duplicateTasks,
  groupTasks,
  moveTasks,
  pasteTasks,
  removeAndReconnect,
  removeTasks,
  renameTask,
  reorder,
  reparent,
  replaceDocument,
  setField,
  setInput,
  setRequired,
  setTreeField,
  splitEdge,
  ungroup,
} from '../../src/builder/model/commands';
import { copyTasks, readClipboard } from '../../src/builder/model/clipboard';
import { emptyDocument, type Task, type TreeDocument } from '../../src/builder/model/document';
import type { Edit } from '../../src/builder/model/edit';
import { TaskGraph } from '../../src/builder/model/graph';
import { dependenciesOf } from '../../src/builder/model/task';

export type Chance = () => number;

export const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);

export function upTo(chance: Chance, limit: number): number {
  return Math.floor(chance() * limit);
}

export function pick<T>(chance: Chance, items: readonly T[]): T {
  return items[upTo(chance, items.length)]!;
}

/** Ids that are new in each world, and the same in each run of a test. */
export function counter(prefix: string): () => string {
  let number = 0;
  return () => `${prefix}${(number += 1)}`;
}

/** A document without cycles: tasks wait for tasks before them, some are inside of groups. */
export function randomDocument(chance: Chance, count: number): TreeDocument {
  const groups = Array.from({ length: Math.floor(count / 6) }, (_, index): Task => ({
    id: `g${index}`,
    name: `Group ${index}`,
  }));
  const tasks = Array.from({ length: count }, (_, index) => randomTask(chance, index, groups));
  const tree = { name: 'Random', tags: ['a', 'b'], x_unknown: { kept: true } };
  return { ...emptyDocument('Random'), tree, tasks: [...groups, ...tasks] };
}

function randomTask(chance: Chance, index: number, groups: readonly Task[]): Task {
  const upstream = Array.from({ length: index }, (_, other) => other).filter(() => chance() < 2 / (index + 1));
  const dependencies = upstream.map((other) =>
    chance() < 0.2 ? `t${other}` : { id: `t${other}`, required: chance() < 0.7 },
  );
  const inputs =
    upstream.length > 0 ? { value: bindingText(`Task ${upstream[0]}`, ['rows', 0]), n: index } : { n: index };
  return {
    id: `t${index}`,
    name: `Task ${index}`,
    executor: pick(chance, ['echo', 'sleep', 'rest']),
    inputs,
    ...(chance() < 0.3 ? { priority: upTo(chance, 4) } : {}),
    ...(dependencies.length > 0 ? { dependencies } : {}),
    ...(groups.length > 0 && chance() < 0.4 ? { parent_id: pick(chance, groups).id } : {}),
    ...(chance() < 0.5 ? { position: { x: upTo(chance, 900), y: upTo(chance, 900) } } : {}),
    ...(chance() < 0.1 ? { x_unknown: [1, { deep: null }] } : {}),
  } as Task;
}

/** Any of the commands, with arguments that fit the document more or less. */
export function randomEdit(chance: Chance, document: TreeDocument, newId: () => string): Edit {
  const ids = document.tasks.map((task) => task.id);
  if (ids.length < 3) return addTask(document, { id: newId(), name: 'New', executor: 'echo' });
  const some = () => ids.filter(() => chance() < 3 / ids.length);
  const one = () => pick(chance, ids);
  const edges = document.tasks.flatMap((task) => dependenciesOf(task).map((edge) => ({ from: edge.id, to: task.id })));
  const edge = () => (edges.length > 0 ? pick(chance, edges) : { from: one(), to: one() });
  const spot = () => ({ x: upTo(chance, 500), y: upTo(chance, 500) });
  const fresh = (): Task => ({ id: newId(), name: `New ${upTo(chance, 1000)}`, executor: 'echo' });
  const commands: (() => Edit)[] = [
    () => addTask(document, fresh()),
    () => addTask(document, fresh(), { id: one(), required: chance() < 0.5 }),
    () => removeTasks(document, some()),
    () => removeAndReconnect(document, some()),
    () => renameTask(document, one(), pick(chance, ['Task 0', 'Task 1', `Renamed ${upTo(chance, 1000)}`])),
    () => setField(document, some(), 'priority', upTo(chance, 4)),
    () => setField(document, [one()], 'notes', `note ${upTo(chance, 1000)}`),
    () => setField(document, [one()], 'retry', { max_attempts: upTo(chance, 9) + 1 }),
    () => setInput(document, one(), ['n'], upTo(chance, 1000)),
    () => setInput(document, one(), ['deep', 'rows', upTo(chance, 3)], chance() < 0.3 ? undefined : upTo(chance, 9)),
    () => setTreeField(document, 'description', `text ${upTo(chance, 1000)}`),
    () => tryConnect(document, one(), one(), chance() < 0.5),
    () => disconnect(document, [edge()]),
    () => setRequired(document, [edge(), edge()], chance() < 0.5),
    () => splitEdge(document, edge(), fresh()),
    () => tryDrop(document, edge(), one()),
    () => tryReparent(document, one(), chance() < 0.3 ? null : one()),
    () => moveTasks(document, new Map(some().map((id) => [id, spot()]))),
    () => applyLayout(document, new Map(ids.map((id) => [id, spot()]))),
    () => groupTasks(document, some(), { id: newId(), name: 'Group' }),
    () => ungroup(document, one(), chance() < 0.5),
    () => duplicateTasks(document, some(), newId),
    () => pasteTasks(document, pasted(document, some()), { newId, at: spot() }),
    () => reorder(document, some(), chance() < 0.2 ? null : one()),
    () => replaceDocument(document, { ...document, tasks: document.tasks.slice(0, -1) }),
  ];
  return pick(chance, commands)();
}

function tryConnect(document: TreeDocument, from: string, to: string, required: boolean): Edit {
  const isRefused = new TaskGraph(document).connectRefusal(from, to) !== null;
  return isRefused ? disconnect(document, []) : connect(document, { from, to }, required);
}

function tryDrop(document: TreeDocument, edge: { from: string; to: string }, id: string): Edit {
  const edit = dropOnEdge(document, edge, id);
  return new TaskGraph(document).cycleAfter(edit.changes) ? disconnect(document, []) : edit;
}

function tryReparent(document: TreeDocument, id: string, parent: string | null): Edit {
  const isRefused = new TaskGraph(document).reparentRefusal(id, parent) !== null;
  return isRefused ? disconnect(document, []) : reparent(document, [id], parent);
}

function pasted(document: TreeDocument, ids: string[]): readonly Task[] {
  const read = readClipboard(copyTasks(document, ids));
  return 'tasks' in read ? read.tasks : [];
}

/** What each binding of each task means, by the id of the task. */
export function meanings(
  document: TreeDocument,
  bindingsOf: (task: Task) => { name: string }[],
): Map<string, (string | null)[]> {
  const names = new Names(document);
  return new Map(document.tasks.map((task) => [task.id, bindingsOf(task).map(({ name }) => names.resolve(name))]));
}
