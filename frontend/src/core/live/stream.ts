/** Keeps one line to the server: chooses the way, reconnects, and hands on what comes, piece by piece. */

import { Backoff } from './backoff';
import { Connection } from './connection';
import { ending, type Ending } from './endings';
import type { Environment, Timer } from './environment';
import type { ClientMessage, Frame } from './frames';
import { Inbox } from './inbox';
import { Ladder } from './ladder';
import type { Line, LineListener, Way } from './line';
import { isFull } from './poll-line';
import { Return } from './return';
import type { ServerClock } from './server-clock';
import { StateTeller, type StateName, type StreamState } from './state';

export const HEALTHY_MS = 10_000;
export const LATER_MS = 60_000;
/** Frames that may wait for the page. With more of them the line is closed until the page has caught up. */
export const MOST_WAITING = 64;
/** Frames that may wait while the page still counts as up to date. */
const FEW_WAITING = 8;

/** What streams differ in: what they ask for, and what becomes of a frame. */
export interface Feed {
  /** Open a line that goes on from where this feed has come to. */
  open(way: Way, listener: LineListener): Line;
  /** How long a line that has opened may take to bring its first frame. */
  firstFrameMs(way: Way): number;
  /** Take a frame that has come: what of it is new, null, or `'hole'` when something is missing before it. */
  receive(frame: Frame, isReturn: boolean): Frame | null | 'hole';
  /** Hand a frame to the page. */
  deliver(frame: Frame): void | Promise<void>;
  /** What to tell the server after that. */
  acknowledgement(): ClientMessage | null;
  /** Begin anew with the next line. */
  forget(): void;
  /** This line is used from now on, or none. */
  attach(connection: Connection | null): void;
  /** The end has come; fetch what it may have left. */
  finish(): Promise<void>;
  /** The page does not want to hear any more. */
  stop(): void;
}

export class Stream {
  private readonly backoff: Backoff;
  private readonly ladder: Ladder;
  private readonly returning: Return;
  private readonly teller: StateTeller;
  readonly inbox: Inbox;
  private current: Connection | null = null;
  private established: Connection | null = null;
  private pause: Timer = null;
  private retryAt: number | null = null;
  private why: Ending | null = null;
  private phase: 'running' | 'ending' | 'ended' | 'refused' | 'stopped' = 'running';
  private hasPaused = false;
  private isBehind = false;
  private isCaughtUp = false;
  private isMoreToPoll = false;
  private unlisten: (() => void) | undefined;

  constructor(
    private readonly environment: Environment,
    private readonly clock: ServerClock,
    private readonly feed: Feed,
    ways: readonly Way[],
    onState: (state: StreamState) => void,
  ) {
    this.backoff = new Backoff(environment.random);
    this.ladder = new Ladder(ways);
    this.returning = new Return(environment, this.ladder, (way) => this.open(way));
    this.teller = new StateTeller(environment.now, onState);
    this.inbox = new Inbox(
      () => this.emptied(),
      (error) => this.handlerFailed(error),
    );
  }

  /** What is so now. */
  get state(): StreamState {
    return this.teller.state;
  }

  /** Open the first line. */
  start(): void {
    if (this.phase === 'stopped') return;
    this.unlisten = this.environment.page?.onChange(() => this.check());
    this.connect();
  }

  /** Try again now, whatever was planned. */
  retry(): void {
    if (this.current || (this.phase !== 'running' && this.phase !== 'refused') || this.isBehind) return;
    this.phase = 'running';
    this.backoff.reset();
    this.connect();
  }

  /** Hang up for good; no handler is called any more. */
  stop(): void {
    this.phase = 'stopped';
    this.inbox.clear();
    this.hangUp();
    this.unlisten?.();
    this.feed.stop();
  }

  private connect(): void {
    this.environment.clearTimeout(this.pause);
    this.pause = this.retryAt = null;
    this.current = this.open(this.ladder.way);
    this.publish();
  }

  private open(way: Way): Connection {
    const listener = {
      opened: (connection: Connection) => {
        if (connection === this.current) this.feed.attach(connection);
      },
      frame: (connection: Connection, frame: Frame) => this.receive(connection, frame),
      ended: (connection: Connection, why: Ending) => this.ended(connection, why),
    };
    const patience = this.feed.firstFrameMs(way);
    return new Connection(way, this.environment, patience, listener, (line) => this.feed.open(way, line));
  }

  private receive(connection: Connection, frame: Frame): Promise<void> {
    if ('now' in frame) this.clock.observe(frame.now);
    this.teller.frameCame();
    const taken = this.feed.receive(frame, this.returning.owns(connection));
    if (taken === 'hole') {
      if (connection === this.current) this.feed.forget();
      connection.close();
      this.ended(connection, ending('hole'));
      return Promise.resolve();
    }
    if (connection !== this.established) this.establish(connection);
    this.isMoreToPoll = connection.way === 'poll' && isFull(frame);
    return frame.type === 'end' ? this.finish(frame) : this.put(taken);
  }

  private establish(connection: Connection): void {
    if (this.returning.owns(connection)) {
      this.ladder.climb(connection.way);
      this.returning.cancel(connection);
      this.environment.clearTimeout(this.pause);
      this.pause = this.retryAt = null;
      this.current?.close();
      this.current = connection;
      this.isBehind = false;
      this.feed.attach(connection);
    }
    this.established = connection;
    this.why = null;
    this.ladder.works();
    this.returning.plan();
    this.publish();
  }

  private put(frame: Frame | null): Promise<void> {
    const done = this.inbox.put(() => (frame ? this.deliver(frame) : undefined));
    if (this.inbox.length > FEW_WAITING) this.isCaughtUp = false;
    if (this.inbox.length > MOST_WAITING && this.phase === 'running') {
      this.drop();
      this.isBehind = true;
      this.why = ending('behind');
    }
    this.publish();
    return done;
  }

  private async deliver(frame: Frame): Promise<void> {
    await this.feed.deliver(frame);
    const message = this.feed.acknowledgement();
    if (message) this.established?.say(message);
  }

  /** Nothing more will come: hang up, and tell the page after everything else. */
  private async finish(frame: Frame): Promise<void> {
    this.phase = 'ending';
    this.hangUp();
    this.publish();
    await this.feed.finish();
    if (this.phase !== 'ending') return;
    await this.inbox.put(async () => {
      await this.feed.deliver(frame);
      this.phase = 'ended';
      this.unlisten?.();
    });
  }

  private emptied(): void {
    if (this.isBehind) {
      this.isBehind = false;
      this.connect();
    } else {
      this.isCaughtUp = this.established !== null && !this.isMoreToPoll;
      this.publish();
    }
  }

  /** The page's state can't be trusted after that: begin anew from a snapshot. */
  private handlerFailed(error: unknown): void {
    this.environment.report(error);
    if (this.phase === 'refused') return;
    this.inbox.clear();
    this.feed.forget();
    this.phase = 'running';
    this.lose(ending('handler_failed'));
  }

  private ended(connection: Connection, why: Ending): void {
    if (this.returning.owns(connection)) this.returning.failed();
    else if (connection === this.current) this.lose(why);
  }

  private lose(why: Ending): void {
    const lost = this.current;
    this.drop();
    this.isBehind = false;
    this.why = why;
    if (why.then === 'never') {
      this.phase = 'refused';
      this.hangUp();
      this.publish();
    } else if (why.then === 'later') {
      this.waitFor(LATER_MS * (1 + this.environment.random() / 10));
    } else if (lost && !lost.isProven && this.ladder.fails()) {
      this.connect();
    } else {
      if (this.ladder.better.length === 0) this.returning.cancel();
      const now = this.environment.now();
      if (lost?.isProven && now - lost.provenAt! >= HEALTHY_MS) this.backoff.reset();
      this.waitFor(this.backoff.next());
    }
  }

  private waitFor(ms: number): void {
    this.environment.clearTimeout(this.pause);
    this.hasPaused = true;
    this.retryAt = this.environment.now() + ms;
    this.pause = this.environment.setTimeout(() => this.connect(), ms);
    this.publish();
  }

  private drop(): void {
    this.current?.close();
    this.current = this.established = null;
    this.isCaughtUp = false;
    this.feed.attach(null);
  }

  private hangUp(): void {
    this.drop();
    this.returning.cancel();
    this.environment.clearTimeout(this.pause);
    this.pause = this.retryAt = null;
  }

  /** The page says that something about it or its network has changed. */
  private check(): void {
    const page = this.environment.page;
    if (!page || this.phase !== 'running') return;
    const isWaiting = this.retryAt !== null && this.why?.then === 'again';
    if (isWaiting && page.isOnline() && page.isVisible()) this.connect();
    else this.current?.check();
    this.publish();
  }

  private publish(): void {
    if (this.phase === 'stopped') return;
    this.teller.update({
      state: this.name(),
      way: this.current?.way ?? null,
      retryAt: this.retryAt,
      reason: this.why?.reason ?? null,
      detail: this.why?.detail ?? null,
    });
  }

  private name(): StateName {
    if (this.phase === 'ended' || this.phase === 'refused') return this.phase;
    if (this.established) return this.isCaughtUp ? 'live' : 'catching-up';
    if (this.isBehind || this.phase === 'ending') return 'catching-up';
    if (this.environment.page?.isOnline() === false) return 'offline';
    return this.hasPaused ? 'reconnecting' : 'connecting';
  }
}
