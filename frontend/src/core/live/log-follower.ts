/** Log lines on request: over the WebSocket where there is one, else from the log endpoint, once a second. */

import { Backoff } from './backoff';
import type { Connection } from './connection';
import type { Environment, Timer } from './environment';
import type { LogLine, LogsFrame } from './frames';
import { getJSON } from './http';

const INTERVAL_MS = 1_000;
const PAGE = 500;
const FENCE_MS = 2_000;
/** Requests in a row that may fail while the last lines of a run are fetched. */
const DRAIN_PATIENCE = 3;

/** Which log lines are wanted: from the one behind `after` (0: all), of one task or of every task. */
export interface LogSelection {
  on: boolean;
  after?: number;
  task?: string | null;
}

export class LogFollower {
  private isOn = false;
  private task: string | null = null;
  private after = 0;
  private connection: Connection | null = null;
  /** The server was asked over this connection, so that lines of that selection may be on their way. */
  private wasAsked = false;
  private isFenced = false;
  private isRunOver = false;
  private readonly backoff: Backoff;
  private timer: Timer = null;
  private requests = new AbortController();

  /** `deliver` takes lines that were fetched; lines of the WebSocket come in order with the other frames. */
  constructor(
    private readonly environment: Environment,
    private readonly address: (query: URLSearchParams) => string,
    private readonly deliver: (lines: LogLine[]) => Promise<void>,
  ) {
    this.backoff = new Backoff(environment.random);
  }

  /** Ask for other lines than before, or for none. */
  select(selection: LogSelection): void {
    const task = selection.task ?? null;
    this.after = selection.after ?? (task === this.task ? this.after : 0);
    this.task = task;
    this.isOn = selection.on;
    this.begin();
  }

  /** Use this line from now on; null stops until there is one again. */
  attach(connection: Connection | null): void {
    this.connection = connection;
    this.wasAsked = this.isFenced = this.isRunOver = false;
    this.begin();
  }

  /** Return what of a frame's lines is wanted and new. */
  receive(frame: LogsFrame): LogsFrame | null {
    if (!this.isOn || this.isFenced) return null;
    const lines = this.take(frame.lines);
    this.after = Math.max(this.after, frame.log_after);
    return lines.length > 0 ? { ...frame, lines } : null;
  }

  /** The server has answered a ping. */
  pinged(): void {
    if (this.isFenced) this.ask();
  }

  /** The run is over: fetch all lines that are left, now and after each later selection. */
  async drain(): Promise<void> {
    this.reset();
    this.isRunOver = true;
    const { signal } = this.requests;
    let failures = 0;
    while (this.isOn && !signal.aborted && failures < DRAIN_PATIENCE) {
      const count = await this.fetch(signal);
      if (count !== null && count < PAGE) return;
      failures = count === null ? failures + 1 : 0;
    }
  }

  /** Forget everything. */
  stop(): void {
    this.isOn = false;
    this.reset();
  }

  private begin(): void {
    this.reset();
    if (this.isRunOver) void this.drain();
    else if (this.connection?.way === 'websocket') this.askAnew();
    else if (this.connection && this.isOn) void this.follow(this.requests.signal);
  }

  /** Messages answer in order: after the answer to a ping no line of the old selection can come. */
  private askAnew(): void {
    if (!this.wasAsked) {
      this.ask();
      return;
    }
    this.isFenced = true;
    this.connection?.say({ type: 'logs', on: false });
    this.connection?.say({ type: 'ping' });
    this.timer = this.environment.setTimeout(() => this.ask(), FENCE_MS);
  }

  private ask(): void {
    this.environment.clearTimeout(this.timer);
    this.isFenced = false;
    if (!this.isOn) return;
    this.wasAsked = true;
    const task = this.task === null ? {} : { task: this.task };
    this.connection?.say({ type: 'logs', on: true, log_after: this.after, ...task });
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const count = await this.fetch(signal);
    if (signal.aborted) return;
    if (count !== null) this.backoff.reset();
    const pause = count === PAGE ? 0 : Math.max(INTERVAL_MS, count === null ? this.backoff.next() : 0);
    this.timer = this.environment.setTimeout(() => void this.follow(signal), pause);
  }

  /** Fetch one page. Returns how many lines it had, or null when it could not be had. */
  private async fetch(signal: AbortSignal): Promise<number | null> {
    const query = new URLSearchParams({ after: String(this.after), limit: String(PAGE) });
    if (this.task !== null) query.set('task', this.task);
    const answer = await getJSON(this.environment, this.address(query), signal);
    if ('ending' in answer || signal.aborted) return null;
    const { items, next } = answer.body as { items: LogLine[]; next: number | null };
    const lines = this.take(items);
    this.after = Math.max(this.after, next ?? 0);
    if (lines.length > 0) await this.deliver(lines);
    return items.length;
  }

  private take(lines: LogLine[]): LogLine[] {
    const fresh = lines.filter((line) => line.id > this.after && (this.task === null || line.task === this.task));
    this.after = Math.max(this.after, ...fresh.slice(-1).map((line) => line.id));
    return fresh;
  }

  private reset(): void {
    this.requests.abort();
    this.requests = new AbortController();
    this.environment.clearTimeout(this.timer);
  }
}
