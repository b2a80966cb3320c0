/** What a run can be compared with: the run before it, the last one that went well, the one that it repeats. */

import type { RunQuery, RunSummary } from '../../core/api';
import { RUN_WORDS } from '../../core/run-state';
import { openMenu, type MenuEntry } from '../../ui/overlays/menu.svelte';
import { toast } from '../../ui/overlays/toasts.svelte';
import { agoInWords } from '../../ui/words/moments';
import type { RunPage } from './run-page.svelte';
import { say } from '../words';

/** Open the menu of runs to compare with, beside the button that asks for it. */
export async function openCompareMenu(page: RunPage, at: Element): Promise<void> {
  try {
    openMenu({ at, items: await compareMenu(page), label: say('compare.do') });
  } catch (error) {
    toast((error as Error).message, { tone: 'bad' });
  }
}

async function compareMenu(page: RunPage): Promise<MenuEntry[]> {
  const { run } = page;
  if (!run) return [];
  const [before, good] = await Promise.all([earlier(page, {}), earlier(page, { status: ['completed'] })]);
  const open = (id: string) => location.assign(`${page.boot.pages.runs}compare/?left=${id}&right=${run.id}`);
  const entry = (label: string, other: RunSummary | null): MenuEntry =>
    other === null
      ? { label, run: () => undefined, disabled: say('compare.none') }
      : { label: `${label}: ${RUN_WORDS[other.status]}, ${agoInWords(Date.parse(other.queued_at), page.watching.now())}`, run: () => open(other.id) };
  const parent = run.parent_run_id;
  return [
    entry(say('compare.before'), before),
    entry(say('compare.good'), good),
    ...(parent === null ? [] : [{ label: say('compare.parent'), run: () => open(parent) }]),
  ];
}

/** The newest run of the same tree that was queued before this one; null when there is none, or no tree any more. */
async function earlier({ api, run }: RunPage, query: RunQuery): Promise<RunSummary | null> {
  if (!run?.tree_id) return null;
  const { items } = await api.runs.list({ ...query, tree: run.tree_id, until: run.queued_at, limit: 2 });
  return items.find(({ id }) => id !== run.id) ?? null;
}
