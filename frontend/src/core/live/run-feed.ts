/** What a watcher of one run asks for, and what becomes of its frames. */

import { apiAddress, socketAddress, type Site } from './addresses';
import { FIRST_FRAME_MS, FIRST_PING_MS, type Connection } from './connection';
import { Cursor } from './cursor';
import type { Environment } from './environment';
import type { ClientMessage, EndFrame, EventsFrame, Frame, LogLine, SnapshotFrame } from './frames';
import type { Line, LineListener, Way } from './line';
import { LogFollower } from './log-follower';
import { openPolling, POLL_LIMIT } from './poll-line';
import { openEventSource } from './sse-line';
import type { Feed } from './stream';
import { openWebSocket } from './websocket-line';

const POLL_MS = 1_000;

/** What a page does with a run's frames. A promise is waited for before the next frame is handed over. */
export interface RunHandlers {
  /** The whole state; it replaces what was known. */
  onSnapshot(frame: SnapshotFrame): void | Promise<void>;
  /** Events in order, none of them twice and none left out since the last snapshot. */
  onEvents(frame: EventsFrame): void | Promise<void>;
  /** Log lines, once `setLogs` has asked for them. */
  onLogs?(lines: LogLine[]): void | Promise<void>;
  /** The run has ended, and everything was handed over. */
  onEnd?(frame: EndFrame): void | Promise<void>;
}

export class RunFeed implements Feed {
  readonly cursor: Cursor;
  readonly logs: LogFollower;
  private handled: number | null = null;

  constructor(
    private readonly environment: Environment,
    private readonly site: Site,
    private readonly runId: string,
    private readonly handlers: RunHandlers,
    after: number | null,
    enqueue: (work: () => void | Promise<void>) => Promise<void>,
  ) {
    this.cursor = new Cursor(after);
    // Else log lines that come before the first event would never be acknowledged.
    this.handled = after;
    this.logs = new LogFollower(
      environment,
      (query) => apiAddress(site, `runs/${encodeURIComponent(runId)}/logs`, query),
      (lines) => enqueue(() => handlers.onLogs?.(lines)),
    );
  }

  open(way: Way, listener: LineListener): Line {
    const path = `runs/${encodeURIComponent(this.runId)}`;
    const { environment, site } = this;
    if (way === 'websocket') return openWebSocket(environment, socketAddress(site, `${path}/`, this.query()), listener);
    if (way === 'sse') return openEventSource(environment, apiAddress(site, `${path}/events`, this.query()), listener);
    const address = () => apiAddress(site, `${path}/events`, this.query({ limit: String(POLL_LIMIT) }));
    return openPolling(environment, address, POLL_MS, listener);
  }

  firstFrameMs(way: Way): number {
    return way === 'sse' && this.cursor.seq !== null ? FIRST_PING_MS : FIRST_FRAME_MS;
  }

  receive(frame: Frame, isReturn: boolean): Frame | null | 'hole' {
    switch (frame.type) {
      case 'snapshot':
        // While two lines overlap, the old one may have gone further than the new one's snapshot.
        if (isReturn && this.cursor.isBehind(frame)) return null;
        this.cursor.takeSnapshot(frame);
        return frame;
      case 'events':
        return this.cursor.takeEvents(frame);
      case 'logs':
        return this.logs.receive(frame);
      case 'end':
        return this.cursor.seq === null || frame.seq > this.cursor.seq ? 'hole' : frame;
      case 'ping':
        this.logs.pinged();
        return null;
      default:
        return null;
    }
  }

  async deliver(frame: Frame): Promise<void> {
    if (frame.type === 'snapshot') {
      await this.handlers.onSnapshot(frame);
      this.handled = frame.as_of_seq;
    } else if (frame.type === 'events') {
      await this.handlers.onEvents(frame);
      this.handled = frame.to;
    } else if (frame.type === 'logs') await this.handlers.onLogs?.(frame.lines);
    else if (frame.type === 'end') await this.handlers.onEnd?.(frame);
  }

  acknowledgement(): ClientMessage | null {
    return this.handled === null ? null : { type: 'ack', seq: this.handled };
  }

  forget(): void {
    this.cursor.forget();
  }

  attach(connection: Connection | null): void {
    this.logs.attach(connection);
  }

  finish(): Promise<void> {
    return this.logs.drain();
  }

  stop(): void {
    this.logs.stop();
  }

  private query(more: Record<string, string> = {}): URLSearchParams {
    const after = this.cursor.seq;
    return new URLSearchParams(after === null ? more : { after: String(after), ...more });
  }
}
