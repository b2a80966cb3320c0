/** What can be asked of a run and its tasks. Each act says first what it touches, and takes a reason. */

import { ApiError, type TaskAct } from '../../core/api';
import type { RunAct } from '../../core/api';
import { isTerminal, type RunState, type TaskFacts } from '../../core/run-state';
import { wordOfPriority } from '../../ui/basics/priority';
import { confirm, type Question } from '../../ui/overlays/confirm.svelte';
import type { MenuEntry } from '../../ui/overlays/menu.svelte';
import { toast } from '../../ui/overlays/toasts.svelte';
import type { RunPage } from './run-page.svelte';
import { say } from '../words';

export type Priority = 0 | 1 | 2 | 3;

export const PRIORITIES: readonly Priority[] = [0, 1, 2, 3];

/** The keys of the acts on the selected task. Priorities are Shift and their number: the number alone is a zoom of the canvas. */
export const TASK_KEYS: Readonly<Record<TaskAct, string>> = { cancel: 'C', retry: 'T', skip: 'S', 'run-now': 'N' };
export const keysOfPriority = (priority: Priority): string => `Shift+${priority}`;

/** The most tasks that a question names. */
const NAMED = 200;

export class Acting {
  constructor(private readonly page: RunPage) {}

  /** The run as it is now, if anything can be asked of it; what is only looked back at can't be steered. */
  private get steered(): RunState | null {
    const { live, playhead } = this.page.watching;
    if (!live || playhead !== null || !this.page.run?.may.steer || isTerminal(live.state.run.status)) return null;
    return live.state;
  }

  /** The acts on the run that make sense now. */
  runActs(): RunAct[] {
    const run = this.steered?.run;
    if (!run) return [];
    return [...(run.paused ? ['resume' as const] : ['pause' as const]), ...(run.shown === 'cancelling' ? [] : ['cancel' as const])];
  }

  /** The acts on a task that make sense now; the server has the last word. */
  taskActs(task: TaskFacts): TaskAct[] {
    if (!this.steered) return [];
    if (task.status === 'in_progress') return task.cancelRequest === null ? ['cancel'] : [];
    if (task.shown === 'retrying') return ['run-now', 'skip', 'cancel'];
    if (task.status === 'pending') return ['skip', 'cancel'];
    return task.status === 'completed' ? [] : ['retry', 'skip'];
  }

  /** Only what waits can be put in another order. */
  canPrioritise(task: TaskFacts): boolean {
    return this.steered !== null && task.status === 'pending';
  }

  async actOnRun(act: RunAct): Promise<void> {
    const running = this.namesOf('in_progress');
    const waiting = this.namesOf('pending');
    const isCancel = act === 'cancel';
    await this.ask(
      {
        title: say(`act.${act}`),
        body: say(`act.${act}.run`, { running: running.length, waiting: waiting.length }),
        touches: (isCancel ? [...running, ...waiting] : waiting).slice(0, NAMED),
        confirmLabel: isCancel ? say('act.cancel.theRun') : say(`act.${act}`),
        danger: isCancel,
      },
      (reason) => this.page.api.runs.steer(this.page.watching.runId, act, reason),
    );
  }

  async actOnTask(task: TaskFacts, act: TaskAct): Promise<void> {
    const isCancel = act === 'cancel';
    await this.ask(
      {
        title: say(`act.${act}`),
        body: say(`act.${act}.task`, { name: task.name }),
        touches: [task.name, ...this.touched(task, act)].slice(0, NAMED),
        confirmLabel: isCancel ? say('act.cancel.theTask') : say(`act.${act}`),
        danger: isCancel,
      },
      (reason) => this.page.api.runs.steerTask(this.page.watching.runId, task.id, act, reason),
    );
  }

  async prioritise(task: TaskFacts, priority: Priority): Promise<void> {
    const others = [...(this.page.state?.tasks.values() ?? [])].filter((other) => other.status === 'pending' && other.id !== task.id && other.executor !== null);
    const ahead = others.filter((other) => other.priority < priority).length;
    await this.ask(
      {
        title: say('act.priority.title', { name: task.name, priority }),
        body: say('act.priority.task', { was: task.priority, ahead, waiting: others.length }),
        confirmLabel: say('act.priority', { priority }),
      },
      (reason) => this.page.api.runs.prioritiseTask(this.page.watching.runId, task.id, priority, reason),
    );
  }

  async prioritiseRun(priority: Priority): Promise<void> {
    const was = this.steered?.run.priority ?? priority;
    await this.ask(
      {
        title: say('act.priority.title', { name: say('act.priority.theRun'), priority }),
        body: say('act.priority.run', { was }),
        confirmLabel: say('act.priority', { priority }),
      },
      (reason) => this.page.api.runs.prioritise(this.page.watching.runId, priority, reason),
    );
  }

  /** The menu of a task. */
  menuOf(id: string): MenuEntry[] {
    const task = this.page.facts(id);
    if (!task) return [];
    const acts = this.taskActs(task).map((act): MenuEntry => ({ label: say(`act.${act}`), keys: TASK_KEYS[act], run: () => void this.actOnTask(task, act), danger: act === 'cancel' }));
    const priorities = this.canPrioritise(task) ? this.taskPriorities(task) : [];
    const copy: MenuEntry = { label: say('act.copyId'), run: () => void navigator.clipboard.writeText(task.id) };
    const again: MenuEntry = { label: say('act.rerun'), run: () => this.page.runAgain(id) };
    return [...acts, ...(priorities.length ? ['separator' as const, ...priorities] : []), ...(acts.length ? ['separator' as const] : []), ...(this.page.stored ? [] : [again]), copy];
  }

  /** The priorities of a task, for a menu. */
  taskPriorities(task: TaskFacts): MenuEntry[] {
    return this.priorities(task.priority, (priority) => this.prioritise(task, priority), true);
  }

  /** The priorities of the run, for its menu. */
  runPriorities(): MenuEntry[] {
    const run = this.steered?.run;
    return run ? this.priorities(run.priority, (priority) => this.prioritiseRun(priority), false) : [];
  }

  private priorities(now: number, set: (priority: Priority) => Promise<void>, hasKeys: boolean): MenuEntry[] {
    return PRIORITIES.map((priority) => ({
      label: `${say('act.priority', { priority })} · ${wordOfPriority(priority)}`,
      ...(hasKeys ? { keys: keysOfPriority(priority) } : {}),
      checked: now === priority,
      run: () => void set(priority),
    }));
  }

  private namesOf(status: TaskFacts['status']): string[] {
    return [...(this.page.state?.tasks.values() ?? [])].filter((task) => task.status === status && task.executor !== null).map((task) => task.name);
  }

  /** What an act reaches besides the task: what waits for it, or what it had stopped. */
  private touched(task: TaskFacts, act: TaskAct): string[] {
    const { state } = this.page;
    if (!state || act === 'run-now') return [];
    if (act === 'retry' || act === 'skip') return [...state.tasks.values()].filter((other) => other.firstCause === task.id).map((other) => other.name);
    const found = new Map<string, string>();
    const open = [task.id];
    while (open.length > 0) {
      for (const below of state.dependents.get(open.pop()!) ?? []) {
        const isRequired = below.dependencies.some((edge) => edge.required && (edge.id === task.id || found.has(edge.id)));
        if (!isRequired || isTerminal(below.status) || found.has(below.id)) continue;
        found.set(below.id, below.name);
        open.push(below.id);
      }
    }
    return [...found.values()];
  }

  private async ask(question: Question, command: (reason: string) => Promise<unknown>): Promise<void> {
    const answer = await confirm({ ...question, reason: 'optional' });
    if (!answer) return;
    try {
      await command(answer.reason);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(error.message, { tone: 'bad', hint: error.hint });
    }
  }
}
