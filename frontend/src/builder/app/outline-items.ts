/** The tasks as rows of the outline, with their edges in words. */

import type { RunState } from '../../core/run-state';
import type { Priority } from '../../ui/basics/priority';
import type { OutlineItem } from '../../ui/outline/items';
import type { TreeDocument } from '../model/document';
import { dependenciesOf, isEnabled, isPinned, parentOf, priorityOf } from '../model/task';
import type { Found } from './problems.svelte';
import { countWords } from './page.svelte';
import { say } from './words';

/** Return a row for each task, in the tree's order. */
export function outlineItems(document: TreeDocument, problems: ReadonlyMap<string, readonly Found[]>, run: RunState | null): OutlineItem[] {
  const names = new Map(document.tasks.map((task) => [task.id, task.name]));
  return document.tasks.map((task): OutlineItem => {
    const parent = parentOf(task);
    const facts = run?.tasks.get(task.id);
    const shown = facts?.shown;
    const count = problems.get(task.id)?.length ?? 0;
    const waits = dependenciesOf(task).map((edge) => `${names.get(edge.id) ?? edge.id}${edge.required ? '' : ` (${say('outline.optional')})`}`);
    return {
      id: task.id,
      parentId: parent !== null && names.has(parent) ? parent : null,
      name: task.name,
      // Somebody may have changed it for this run.
      priority: (facts?.priority as Priority | undefined) ?? priorityOf(task),
      dimmed: !isEnabled(task),
      ...(shown === undefined ? {} : { status: shown }),
      badges: [
        ...(waits.length ? [{ text: `← ${waits.length}`, title: say('outline.waits', { names: waits.join(', ') }) }] : []),
        ...(isPinned(task) ? [{ text: '', icon: 'pin' as const, title: say('outline.pinned') }] : []),
        ...(count ? [{ text: String(count), tone: 'bad' as const, title: countWords(count) }] : []),
      ],
    };
  });
}
