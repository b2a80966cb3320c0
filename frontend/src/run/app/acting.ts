/** What can be asked of a run and its tasks. Each act says first what it touches, and takes a reason. */

import { ApiError, type TaskAct } from '../../core/api';
import type { RunAct } from '../../core/api';
import { isTerminal, type TaskFacts } from '../../core/run-state';
import { confirm } from '../../ui/overlays/confirm.svelte';
import type { MenuEntry } from '../../ui/overlays/menu.svelte';
import { toast } from '../../ui/overlays/toasts.svelte';
import type { RunPage } from './run-page.svelte';
import { say } from '../words';

type Priority = 0 | 1 | 2 | 3;

export class Acting {
  constructor(private readonly page: RunPage) {}

  /** The acts on the run that make sense now. */
  runActs(): RunAct[] {
    const { live } = this.page.watching;
    if (!live || !this.page.run?.may.steer || isTerminal(live.state.run.status)) return [];
    const { shown, paused } = live.state.run;
    return [...(paused ? ['resume' as const] : ['pause' as const]), ...(shown === 'cancelling' ? [] : ['cancel' as const])];
  }

  /** The acts on a task that make sense now; the server has the last word. */
  taskActs(task: TaskFacts): TaskAct[] {
    const { live } = this.page.watching;
    if (!live || !this.page.run?.may.steer || isTerminal(live.state.run.status)) return [];
    if (task.status === 'in_progress') return ['cancel'];
    if (task.shown === 'retrying') return ['run-now', 'skip', 'cancel'];
    if (task.status === 'pending') return ['skip', 'cancel'];
    return task.status === 'completed' ? [] : ['retry', 'skip'];
  }

  async actOnRun(act: RunAct): Promise<void> {
    const answer = await confirm({ title: say(`act.${act}`), body: say(`act.${act}.run`), confirmLabel: act === 'cancel' ? say('act.cancel.theRun') : say(`act.${act}`), danger: act === 'cancel', reason: 'optional' });
    if (answer) await this.ask(this.page.api.runs.steer(this.page.watching.runId, act, answer.reason));
  }

  async actOnTask(task: TaskFacts, act: TaskAct): Promise<void> {
    const touches = [task.name, ...this.touched(task, act)];
    const answer = await confirm({ title: say(`act.${act}`), body: say(`act.${act}.task`, { name: task.name }), touches, confirmLabel: act === 'cancel' ? say('act.cancel.theTask') : say(`act.${act}`), danger: act === 'cancel', reason: 'optional' });
    if (answer) await this.ask(this.page.api.runs.steerTask(this.page.watching.runId, task.id, act, answer.reason));
  }

  /** What an act reaches besides the task: what waits for it, or what it had stopped. */
  private touched(task: TaskFacts, act: TaskAct): string[] {
    const { state } = this.page;
    if (!state || act === 'run-now') return [];
    if (act === 'retry' || act === 'skip') return [...state.tasks.values()].filter((other) => other.firstCause === task.id).map((other) => other.name);
    const found = new Map<string, string>();
    const walk = (id: string): void => {
      for (const below of state.dependents.get(id) ?? []) {
        const isRequired = below.dependencies.some((edge) => edge.id === id && edge.required);
        if (!isRequired || isTerminal(below.status) || found.has(below.id)) continue;
        found.set(below.id, below.name);
        walk(below.id);
      }
    };
    walk(task.id);
    return [...found.values()];
  }

  async prioritise(task: TaskFacts, priority: Priority): Promise<void> {
    await this.ask(this.page.api.runs.prioritiseTask(this.page.watching.runId, task.id, priority));
  }

  /** The menu of a task. */
  menuOf(id: string): MenuEntry[] {
    const task = this.page.facts(id);
    if (!task) return [];
    const acts = this.taskActs(task).map((act): MenuEntry => ({ label: say(`act.${act}`), run: () => void this.actOnTask(task, act), danger: act === 'cancel' }));
    const priorities = ([0, 1, 2, 3] as const).map((priority): MenuEntry => ({ label: say('act.priority', { priority }), run: () => void this.prioritise(task, priority), checked: task.priority === priority }));
    const canOrder = task.status === 'pending' && acts.length > 0;
    const copy: MenuEntry = { label: say('act.copyId'), run: () => void navigator.clipboard.writeText(task.id) };
    const again: MenuEntry = { label: say('act.rerun'), run: () => this.page.runAgain(id) };
    return [...acts, ...(canOrder ? ['separator' as const, ...priorities] : []), ...(acts.length ? ['separator' as const] : []), again, copy];
  }

  private async ask(command: Promise<unknown>): Promise<void> {
    try {
      await command;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(error.message, { tone: 'bad', hint: error.hint });
    }
  }
}
