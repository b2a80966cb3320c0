/** The tasks of a run as rows of the list: what failed of its own accord comes first, and what it stopped is folded under it. */

import { outlineItems } from '../../builder/app/outline-items';
import type { TreeDocument } from '../../builder/model/document';
import { nextAttempt, type RunState, type Shown } from '../../core/run-state';
import type { OutlineItem } from '../../ui/outline/items';
import { say } from '../words';
import { causesOf } from './first-cause';

const NO_PROBLEMS: ReadonlyMap<string, never[]> = new Map();

/** Return the rows; with some states chosen, only those that show one of them, without their groups. */
export function listedTasks(document: TreeDocument, state: RunState | null, only: ReadonlySet<Shown>): OutlineItem[] {
  const items = outlineItems(document, NO_PROBLEMS, state).map((item) => withAttempt(item, state));
  if (only.size > 0) return items.filter((item) => item.status !== undefined && only.has(item.status)).map((item) => ({ ...item, parentId: null }));
  return state === null || state.counts.failed === 0 ? items : causesFirst(items, state);
}

function causesFirst(items: readonly OutlineItem[], state: RunState): OutlineItem[] {
  const byId = new Map(items.map((item) => [item.id, item]));
  const moved = new Map<string, OutlineItem>();
  for (const { task, stopped } of causesOf(state)) {
    const cause = byId.get(task.id);
    if (!cause) continue;
    const below = stopped.filter(({ executor }) => executor !== null).flatMap(({ id }) => byId.get(id) ?? []);
    const badge = { text: say('list.stopped', { count: below.length }), tone: 'bad' as const, title: say('list.stoppedHint') };
    moved.set(cause.id, { ...cause, parentId: null, badges: below.length ? [badge, ...(cause.badges ?? [])] : cause.badges });
    for (const item of below) moved.set(item.id, { ...item, parentId: cause.id });
  }
  return [...moved.values(), ...items.filter((item) => !moved.has(item.id))];
}

/** What retries says which attempt is the next. */
function withAttempt(item: OutlineItem, state: RunState | null): OutlineItem {
  const task = item.status === 'retrying' ? state?.tasks.get(item.id) : undefined;
  if (!task) return item;
  const { number, of } = nextAttempt(task);
  return { ...item, badges: [{ text: `${number}/${of}`, tone: 'warning', title: say('list.attempt', { number, of }) }, ...(item.badges ?? [])] };
}

/** The rows that are folded until somebody opens them: of what failed, and what they stopped. */
export function foldedCauses(state: RunState | null): string[] {
  return state === null || state.counts.failed === 0 ? [] : causesOf(state).flatMap(({ task, stopped }) => (stopped.length > 0 ? [task.id] : []));
}
