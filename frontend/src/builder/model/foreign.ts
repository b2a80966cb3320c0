/** apflow's plain arrays of tasks: other columns, and names where ids belong. */

import type { Task } from './document';
import { FOREIGN_COLUMNS } from './fields';
import { isObject, type JSONObject, type JSONValue } from './json';

/** Turn tasks of a plain array into ours; their ids are unique already. */
export function readForeignTasks(tasks: readonly Task[]): Task[] {
  const real = realIds(tasks);
  return tasks.map((task) => {
    const kept = Object.fromEntries(Object.entries(task).filter(([key]) => !FOREIGN_COLUMNS.has(key))) as Task;
    const parent = typeof kept.parent_id === 'string' ? { parent_id: real(kept.parent_id) } : {};
    const edges = Array.isArray(kept.dependencies)
      ? { dependencies: kept.dependencies.map((edge) => readEdge(edge, real)) }
      : {};
    return { ...kept, ...parent, ...edges } as Task;
  });
}

/** A reference is an id, or else a name that only one task has. */
function realIds(tasks: readonly Task[]): (reference: string) => string {
  const ids = new Set(tasks.map((task) => task.id));
  const byName = new Map<string, string | null>();
  for (const task of tasks) byName.set(task.name, byName.has(task.name) ? null : task.id);
  return (reference) => (ids.has(reference) ? reference : (byName.get(reference) ?? reference));
}

function readEdge(edge: JSONValue, real: (reference: string) => string): JSONValue {
  if (typeof edge === 'string') return { id: real(edge), required: true };
  if (!isObject(edge) || typeof edge.id !== 'string') return edge;
  const { type: _type, ...kept } = edge as JSONObject;
  return { ...kept, id: real(edge.id) };
}
