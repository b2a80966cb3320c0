/** What is selected: tasks, edges, and the one task that has the focus. Never changed in place. */

import type { EdgeId } from './commands/edges';
import type { TaskGraph } from './graph';

export interface Selection {
  readonly tasks: ReadonlySet<string>;
  readonly edge: EdgeId | null;
  /** The task that keys act on; the last one that was chosen. */
  readonly focus: string | null;
}

export const NOTHING: Selection = { tasks: new Set(), edge: null, focus: null };

/** Select exactly these tasks; the last one has the focus. */
export function select(ids: Iterable<string>): Selection {
  const tasks = new Set(ids);
  return { tasks, edge: null, focus: [...tasks].at(-1) ?? null };
}

/** Select an edge and nothing else. */
export function selectEdge(edge: EdgeId): Selection {
  return { tasks: new Set(), edge, focus: null };
}

/** Add a task to the selection, or take it out. */
export function toggle(selection: Selection, id: string): Selection {
  if (!selection.tasks.has(id)) return extend(selection, [id]);
  return select([...selection.tasks].filter((other) => other !== id));
}

/** Add tasks to the selection. */
export function extend({ tasks }: Selection, ids: Iterable<string>): Selection {
  const added = [...ids];
  return select([...[...tasks].filter((id) => !added.includes(id)), ...added]);
}

/** Add everything that the selected tasks wait for, or that waits for them. The focus stays. */
export function selectAlong(selection: Selection, graph: TaskGraph, way: 'upstream' | 'downstream'): Selection {
  const ids = [...selection.tasks];
  const further = way === 'upstream' ? graph.ancestors(...ids) : graph.descendants(...ids);
  return { ...extend(selection, further), focus: selection.focus };
}

/** Forget what is not there any more. */
export function prune(selection: Selection, graph: TaskGraph): Selection {
  const tasks = new Set([...selection.tasks].filter((id) => graph.has(id)));
  const { edge, focus } = selection;
  const isThere = edge && graph.dependenciesOf(edge.to).some(({ id }) => id === edge.from);
  const isFocusThere = focus === null || graph.has(focus);
  if (tasks.size === selection.tasks.size && (!edge || isThere) && isFocusThere) return selection;
  return { tasks, edge: isThere ? edge : null, focus: isFocusThere ? focus : ([...tasks].at(-1) ?? null) };
}
