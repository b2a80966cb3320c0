/**
 * The numbers of the page, which the server has written: they change in place. What has another form since (a run that is
 * new, one that has ended) is the server's to write again.
 */

import type { Status } from '../core/live';
import { growingInWords } from '../ui/words/durations';

export interface ActiveRun {
  readonly id: string;
  readonly status: Status;
  readonly paused: boolean;
  readonly cancelling: boolean;
  readonly tasks: Partial<Record<Status, number>>;
  readonly progress: number;
  readonly running: readonly string[];
}

export interface LiveWorker {
  readonly id: string;
  readonly slots: number;
  readonly running: number;
  readonly draining: boolean;
  readonly accepts_runs: boolean;
}

/** A frame of the overview's stream: docs/reference/live-stream.md. */
export interface Overview {
  readonly counts: Readonly<Record<Status, number>>;
  readonly active: readonly ActiveRun[];
  readonly workers: readonly LiveWorker[];
}

const ENDS = ['completed', 'failed', 'cancelled'] as const;

export class Board {
  private last: Overview | null = null;

  /** `now` is milliseconds since 1970 by the server's clock. */
  constructor(
    private readonly page: Document,
    private readonly now: () => number,
  ) {}

  /** Show an overview. `isOther`: the page needs to be written again; `hasEnded`: a run has ended since the last one. */
  show(overview: Overview): { isOther: boolean; hasEnded: boolean } {
    const before = this.last;
    this.last = overview;
    const hasEnded = before !== null && ENDS.some((end) => overview.counts[end] !== before.counts[end]);
    // What had ended when the page was written may differ from what has when the first frame comes.
    const isFirstOther = before === null && ENDS.some((end) => this.figure(end)?.textContent !== String(overview.counts[end]));
    this.write(overview);
    return { isOther: hasEnded || isFirstOther || !this.hasSame('run', overview.active, toldOfRun) || !this.hasSame('worker', overview.workers, toldOfWorker), hasEnded };
  }

  /** The page was written again, perhaps with what was so a moment before. */
  again(): void {
    if (this.last) this.write(this.last);
    this.tick();
  }

  /** Let the times of what runs go on. */
  tick(): void {
    if (!this.last) return;
    for (const element of this.page.querySelectorAll<HTMLElement>('[data-elapsed]')) {
      put(element, growingInWords(this.now() - Date.parse(element.dataset.elapsed!)));
    }
  }

  private write({ counts, active, workers }: Overview): void {
    put(this.figure('active'), counts.pending + counts.in_progress);
    for (const end of ENDS) put(this.figure(end), counts[end]);
    for (const run of active) this.writeRun(run);
    for (const { id, running } of workers) {
      const element = this.page.getElementById(`worker-${id}`);
      put(element?.querySelector('[data-running]'), running);
      fill(element?.querySelector('[data-progress]'), running);
    }
  }

  private writeRun({ id, tasks, progress, running }: ActiveRun): void {
    const element = this.page.getElementById(`active-${id}`);
    put(element?.querySelector('[data-done]'), ENDS.reduce((sum, end) => sum + (tasks[end] ?? 0), 0));
    put(element?.querySelector('[data-running]'), running.join(', '));
    fill(element?.querySelector('[data-progress]'), progress);
  }

  private figure(name: string): Element | null {
    return this.page.querySelector(`[data-figure="${name}"]`);
  }

  /** Whether the page lists exactly these, each in the state that it is in. */
  private hasSame<T extends { readonly id: string }>(kind: 'run' | 'worker', wanted: readonly T[], told: (one: T) => string): boolean {
    const shown = [...this.page.querySelectorAll<HTMLElement>(`[data-${kind}]`)];
    const known = new Map(shown.map((element) => [element.dataset[kind], element.dataset.told]));
    return known.size === wanted.length && wanted.every((one) => known.get(one.id) === told(one));
  }
}

const bit = (value: boolean): string => (value ? '1' : '0');

function toldOfRun({ status, paused, cancelling }: ActiveRun): string {
  return `${status} ${bit(paused)} ${bit(cancelling)}`;
}

function toldOfWorker({ draining, accepts_runs }: LiveWorker): string {
  return `${bit(draining)} ${bit(accepts_runs)}`;
}

function put(element: Element | null | undefined, value: string | number): void {
  const text = String(value);
  if (element && element.textContent !== text) element.textContent = text;
}

function fill(element: Element | null | undefined, value: number): void {
  element?.setAttribute('value', String(value));
}
