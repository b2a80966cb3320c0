/** One attempt at a line, with the times within which it has to open, to bring a first frame, and to bring the next. */

import { ending, type Ending } from './endings';
import type { Environment, Timer } from './environment';
import type { ClientMessage, Frame } from './frames';
import type { Line, LineListener, Way } from './line';

export const OPENING_MS = 10_000;
export const FIRST_FRAME_MS = 5_000;
/** For an event source with a cursor: nothing may have happened, and then the first frame is the ping after 15 s. */
export const FIRST_PING_MS = 20_000;
export const SILENCE_MS = 40_000;
const CHECK_MS = 5_000;

export interface ConnectionListener {
  opened(connection: Connection): void;
  frame(connection: Connection, frame: Frame): Promise<void>;
  ended(connection: Connection, why: Ending): void;
}

export class Connection {
  /** When the first frame came. Until then the way has not shown that it works. */
  provenAt: number | null = null;
  private line: Line | null = null;
  private timer: Timer = null;
  private deadline = Infinity;
  private isOver = false;

  constructor(
    readonly way: Way,
    private readonly environment: Environment,
    private readonly firstFrameMs: number,
    private readonly listener: ConnectionListener,
    open: (listener: LineListener) => Line,
  ) {
    this.expect(OPENING_MS);
    try {
      this.line = open({
        opened: () => this.opened(),
        frame: (frame) => this.frame(frame),
        ended: (why) => this.finish(why),
      });
    } catch (error) {
      // An address that the browser refuses; told later, so that the caller has this connection first.
      const detail = error instanceof Error ? error.message : null;
      this.expect(0, ending('unreachable', 'again', detail));
    }
  }

  get isProven(): boolean {
    return this.provenAt !== null;
  }

  /** Say something to the server; only a WebSocket carries it. */
  say(message: ClientMessage): void {
    if (!this.isOver) this.line?.say(message);
  }

  /** Look whether the line still lives: the machine may have slept, or changed its network. */
  check(): void {
    if (this.isOver || !this.isProven) return;
    if (this.environment.now() >= this.deadline) this.finish(ending('silent'));
    else if (this.way === 'websocket') {
      this.say({ type: 'ping' });
      this.expect(CHECK_MS);
    }
  }

  /** Hang up. The listener hears nothing any more. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.environment.clearTimeout(this.timer);
    this.line?.close();
  }

  private opened(): void {
    if (this.isOver) return;
    this.expect(this.firstFrameMs);
    // With a cursor there may be nothing to send; the answer to this shows that the line works both ways.
    this.say({ type: 'ping' });
    this.listener.opened(this);
  }

  private frame(frame: Frame): Promise<void> {
    if (this.isOver || frame.type === 'error') return Promise.resolve();
    this.provenAt ??= this.environment.now();
    this.expect(SILENCE_MS);
    return this.listener.frame(this, frame);
  }

  private expect(ms: number, why: Ending = ending(this.isProven ? 'silent' : 'unreachable')): void {
    // A poll is bounded by its own request, and silent while the page deals with the answer.
    if (this.way === 'poll') return;
    this.environment.clearTimeout(this.timer);
    this.deadline = this.environment.now() + ms;
    this.timer = this.environment.setTimeout(() => this.finish(why), ms);
  }

  private finish(why: Ending): void {
    if (this.isOver) return;
    this.close();
    // A line that never opened is not lost.
    this.listener.ended(this, !this.isProven && why.reason === 'lost' ? { ...why, reason: 'unreachable' } : why);
  }
}
