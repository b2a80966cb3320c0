/** The same act on many runs: what it would do is said first, then done. */

import { ApiError, type Api, type BulkAct, type BulkPlan, type BulkResult, type BulkTarget } from '../../core/api';
import { confirm } from '../../ui/overlays/confirm.svelte';
import { toast } from '../../ui/overlays/toasts.svelte';
import { runsInWords, say } from '../words';

const NAMED = 8;

/** Ask, and do it. Returns false when nothing was done. */
export async function actOnRuns(api: Api, act: BulkAct, target: BulkTarget): Promise<boolean> {
  try {
    const plan = await api.runs.bulkPlan(act, target);
    if (!canBeDone(act, plan)) return false;
    const consent = await confirm({
      title: say(`ask.${act}`, { runs: runsInWords(plan.doable) }),
      body: [say(`ask.${act}.body`), ...leftAlone(plan)].join('\n'),
      touches: plan.runs.slice(0, NAMED).map((run) => `${run.tree_name} · ${new Date(run.queued_at).toLocaleString()}`),
      confirmLabel: say(`ask.${act}.go`, { runs: runsInWords(plan.doable) }),
      danger: act !== 'rerun_failed',
      reason: 'optional',
    });
    if (!consent) return false;
    const expect = 'filter' in target ? { expect: plan.matches } : {};
    tell(act, await api.runs.bulk(act, { ...target, ...expect }, consent.reason));
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === 'count_changed') toast(say('changed'), { tone: 'bad', hint: say('changed.hint') });
    else toast(error.message, { tone: 'bad', hint: error.hint });
    return false;
  }
}

function canBeDone(act: BulkAct, plan: BulkPlan): boolean {
  if (plan.matches > plan.most) {
    const [count, most] = [plan.matches.toLocaleString('en'), plan.most.toLocaleString('en')];
    toast(say('tooMany', { count, most }), { tone: 'bad', hint: say('tooMany.hint') });
    return false;
  }
  if (plan.doable > 0) return true;
  toast(say(`impossible.${act}`), { tone: 'bad', hint: reasons(plan.obstacles) });
  return false;
}

function leftAlone(plan: BulkPlan): string[] {
  const count = plan.matches - plan.doable;
  if (count === 0) return [];
  const lines = plan.obstacles.map(({ runs, why_not: why }) => say('ask.why', { count: runs.toLocaleString('en'), why }));
  return [say('ask.left', { runs: runsInWords(count) }), ...lines];
}

function tell(act: BulkAct, result: BulkResult): void {
  const left = new Map<string, number>();
  for (const { done, why_not: why } of result.outcomes) if (!done) left.set(why, (left.get(why) ?? 0) + 1);
  const why = reasons([...left].map(([why_not, runs]) => ({ why_not, runs })));
  const hint = result.not_done > 0 ? say('done.left', { runs: runsInWords(result.not_done), why }) : null;
  toast(say(`done.${act}`, { runs: runsInWords(result.done) }), { tone: result.done > 0 ? 'good' : 'bad', hint });
}

function reasons(obstacles: readonly { why_not: string; runs: number }[]): string {
  return obstacles.map(({ runs, why_not: why }) => say('ask.why', { count: runs.toLocaleString('en'), why })).join('; ');
}
