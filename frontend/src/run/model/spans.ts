/** What each task did when: the bars of the Gantt, from the event log alone. Times are milliseconds since 1970. */

import type { DependencyRecord, EventRecord } from '../../core/live/frames';

/**
 * - `queued`: nothing is left to wait for, and it has not begun: a slot, a limit or a worker is missing
 * - `running`: an attempt
 * - `delayed`: between an attempt that failed and the next one
 */
export type SpanKind = 'queued' | 'running' | 'delayed';

/** How an attempt ended; null while it runs, and for what is no attempt. */
export type Ending = 'completed' | 'failed' | 'cancelled' | 'lost' | null;

export interface Span {
  readonly kind: SpanKind;
  readonly from: number;
  /** Null while it lasts. */
  to: number | null;
  readonly attempt: number;
  ending: Ending;
}

/** One task of a run, as far as its bars depend on it. */
export interface SpanTask {
  readonly id: string;
  readonly dependencies: readonly DependencyRecord[];
}

interface Row {
  readonly spans: Span[];
  readonly dependents: Row[];
  unmet: number;
  isOver: boolean;
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  'task.completed': 'completed',
  'task.failed': 'failed',
  'task.cancelled': 'cancelled',
  'task.retrying': 'failed',
  'task.worker_lost': 'lost',
  'task.handed_back': 'lost',
};

/** Follows the events of a run, in order, and keeps the spans of every task. */
export class Spans {
  private readonly rows = new Map<string, Row>();
  /** When the run began and ended, as far as it has. */
  startedAt: number | null = null;
  endedAt: number | null = null;

  constructor(tasks: readonly SpanTask[]) {
    for (const { id } of tasks) this.rows.set(id, { spans: [], dependents: [], unmet: 0, isOver: false });
    for (const { id, dependencies } of tasks) {
      const row = this.rows.get(id)!;
      for (const upper of new Set(dependencies.map((edge) => edge.id))) {
        const above = this.rows.get(upper);
        if (!above || above === row) continue;
        above.dependents.push(row);
        row.unmet += 1;
      }
    }
  }

  /** The spans of a task, the first one first. */
  of(id: string): readonly Span[] {
    return this.rows.get(id)?.spans ?? [];
  }

  /** Take the next event. */
  add(event: EventRecord): void {
    const at = Date.parse(event.at);
    if (event.task === null) this.addOfRun(event.type, at);
    else this.addOfTask(this.rows.get(event.task), event, at);
  }

  private addOfRun(type: string, at: number): void {
    if (type === 'run.created') for (const row of this.rows.values()) if (row.unmet === 0) begin(row, 'queued', at, 0);
    if (type === 'run.started') this.startedAt ??= at;
    if (type === 'run.completed' || type === 'run.failed' || type === 'run.cancelled') this.endedAt = at;
  }

  private addOfTask(row: Row | undefined, event: EventRecord, at: number): void {
    if (!row) return;
    if (event.type === 'task.started') begin(row, 'running', at, attemptOf(event, row));
    else if (event.type === 'task.requeued') this.reopen(row, at);
    else if (event.type in ENDINGS) this.endAttempt(row, event.type, at);
  }

  private endAttempt(row: Row, type: string, at: number): void {
    end(row, at, ENDINGS[type]!);
    if (type === 'task.retrying') begin(row, 'delayed', at, last(row)?.attempt ?? 0);
    else if (type === 'task.worker_lost' || type === 'task.handed_back') begin(row, 'queued', at, last(row)?.attempt ?? 0);
    else this.close(row, at);
  }

  private close(row: Row, at: number): void {
    if (row.isOver) return;
    row.isOver = true;
    for (const below of row.dependents) {
      below.unmet -= 1;
      if (below.unmet === 0 && !below.isOver) begin(below, 'queued', at, 0);
    }
  }

  /** Somebody retried or skipped it: what waits for it waits again. */
  private reopen(row: Row, at: number): void {
    if (row.isOver) {
      row.isOver = false;
      for (const below of row.dependents) {
        below.unmet += 1;
        const open = last(below);
        if (open?.kind === 'queued' && open.to === null) below.spans.pop();
      }
    }
    begin(row, 'queued', at, last(row)?.attempt ?? 0);
  }
}

function begin(row: Row, kind: SpanKind, at: number, attempt: number): void {
  const before = last(row);
  if (before && before.to === null) before.to = at;
  row.spans.push({ kind, from: at, to: null, attempt, ending: null });
}

/** End what is open. A task that ends without having begun was not queued for anything. */
function end(row: Row, at: number, ending: Ending): void {
  const open = last(row);
  if (!open || open.to !== null) return;
  open.to = at;
  if (open.kind === 'running') open.ending = ending;
  else if (open.from === at) row.spans.pop();
}

function last(row: Row): Span | undefined {
  return row.spans.at(-1);
}

function attemptOf(event: EventRecord, row: Row): number {
  const { attempt } = event.data;
  return typeof attempt === 'number' ? attempt : (last(row)?.attempt ?? 0) + 1;
}
