/** Commands on where tasks belong: groups, and the order of the document. */

import { taskOf, type Task, type TreeDocument } from '../document';
import { Draft, type Edit } from '../edit';
import { childrenById, dependenciesOf, parentOf, positionOf, readDependency } from '../task';
import { text } from '../texts';
import { editEdges } from './edges';
import { cornerOf, place, shifted, type Places } from './places';
import { existing, nameAll, setParent } from './tasks';

/**
 * Move tasks into a group, or out of every one (null). What is inside of a task that moves along stays inside.
 *
 * `places` are the new places, relative to the new parent. A task is never put into itself or what it contains.
 */
export function reparent(
  document: TreeDocument,
  ids: Iterable<string>,
  parent: string | null,
  places: Places = new Map(),
): Edit {
  const draft = new Draft(document);
  const chosen = [...tops(document, existing(document, ids))].filter((id) => !isInside(document, parent, id));
  for (const id of chosen) setParent(draft, id, parent);
  place(draft, new Map([...places].filter(([id]) => chosen.includes(id))));
  const what = nameAll(document, new Set(chosen));
  const group = parent === null ? null : (taskOf(document, parent)?.name ?? parent);
  return draft.finish(group === null ? text('edit.unparent', { what }) : text('edit.reparent', { what, group }));
}

/** Put tasks into a new group; it stands where the first of them stood in the tree. */
export function groupTasks(document: TreeDocument, ids: Iterable<string>, group: { id: string; name: string }): Edit {
  const draft = new Draft(document);
  const chosen = tops(document, existing(document, ids));
  const [first] = chosen;
  if (first === undefined) return draft.finish('');
  const parent = parentOf(taskOf(document, first)!);
  const corner = cornerOf(document, chosen);
  const task: Task = {
    ...group,
    ...(parent === null ? {} : { parent_id: parent }),
    ...(corner ? { position: { ...corner } } : {}),
  };
  draft.insert(
    [task],
    document.tasks.findIndex(({ id }) => id === first),
  );
  for (const id of chosen) setParent(draft, id, group.id);
  if (corner) place(draft, shifted(document, chosen, { x: -corner.x, y: -corner.y }));
  return draft.finish(text('edit.group', { what: nameAll(document, chosen) }), { select: [group.id] });
}

/** Take groups away; their children move up. Tasks that have an executor stay, and only let go of their children. */
export function ungroup(document: TreeDocument, id: string, runs: boolean): Edit {
  const draft = new Draft(document);
  const group = draft.task(id);
  const children = childrenById(document).get(id) ?? [];
  if (!group || children.length === 0) return draft.finish('');
  const corner = positionOf(group);
  for (const child of children) setParent(draft, child, parentOf(group));
  if (corner) place(draft, shifted(document, children, corner));
  if (!runs) {
    replaceByMembers(draft, group, children);
    draft.remove(new Set([id]));
  }
  return draft.finish(text('edit.ungroup', { name: group.name }), { select: children });
}

/** What waited for a group waits for what the group waited for: its children, and its own dependencies. */
function replaceByMembers(draft: Draft, group: Task, children: readonly string[]): void {
  const members = [...children.map((id) => ({ id, required: true })), ...dependenciesOf(group)];
  for (const task of draft.document.tasks) {
    const known = new Set([task.id, ...dependenciesOf(task).map((edge) => edge.id)]);
    if (!known.has(group.id) || task.id === group.id) continue;
    const fresh = members.filter((member) => !known.has(member.id));
    editEdges(draft, task.id, (edge, id) => {
      if (id !== group.id) return [edge];
      const isRequired = readDependency(edge)!.required;
      return fresh.map((member) => ({ id: member.id, required: isRequired && member.required }));
    });
  }
}

/** Put tasks before another one in the document's order, or at its end (null): first come is first served. */
export function reorder(document: TreeDocument, ids: Iterable<string>, before: string | null): Edit {
  const draft = new Draft(document);
  const chosen = existing(document, ids);
  const moved = document.tasks.filter((task) => chosen.has(task.id));
  const others = document.tasks.filter((task) => !chosen.has(task.id));
  const at = others.findIndex((task) => task.id === before);
  const index = at < 0 ? others.length : at;
  const after = [...others.slice(0, index), ...moved, ...others.slice(index)];
  if (after.some((task, place) => task !== document.tasks[place])) {
    draft.remove(chosen);
    draft.insert(moved, index);
  }
  return draft.finish(text('edit.reorder', { what: nameAll(document, chosen) }));
}

/** Those of the tasks that are not inside of another one of them. */
export function tops(document: TreeDocument, ids: ReadonlySet<string>): Set<string> {
  return new Set([...ids].filter((id) => !ancestorsOf(document, id).some((above) => ids.has(above))));
}

function isInside(document: TreeDocument, id: string | null, outer: string): boolean {
  return id !== null && (id === outer || ancestorsOf(document, id).includes(outer));
}

function ancestorsOf(document: TreeDocument, id: string): string[] {
  const found: string[] = [];
  let task = taskOf(document, id);
  for (let parent = task && parentOf(task); parent && parent !== id && !found.includes(parent);) {
    found.push(parent);
    task = taskOf(document, parent);
    parent = task && parentOf(task);
  }
  return found;
}
