/** A run that is watched: its state of now, its whole past, and the moment that is shown. */

import type { Api } from '../../core/api';
import type { Boot } from '../../core/boot';
import { watchRun, type Environment, type EventRecord, type RunWatch, type SnapshotFrame, type StreamState } from '../../core/live';
import { applyAll, fromSnapshot, isTerminal, noChanges, type Changes, type RunState } from '../../core/run-state';
import { LogFeed } from '../logs/feed';
import { Asking } from '../panel/asking';
import { Recording } from '../model/recording';
import { Spans } from '../model/spans';
import { AfterEnd } from './after-end';

/** The past is asked for again not more often than this. */
const COMPLETING_MS = 2_000;
/** Events that are fetched at a time. */
const PAGE = 5_000;

export interface Shown {
  readonly state: RunState;
  /** Grows with each change, so that what is made of the state is made anew. */
  readonly turn: number;
}

export class Watching {
  /** The run as it is now. */
  live = $state.raw<Shown | null>(null);
  /** The run at the playhead; null while now is shown. */
  past = $state.raw<Shown | null>(null);
  playhead = $state<number | null>(null);
  stream = $state.raw<StreamState | null>(null);
  /** Grows when the spans have changed. */
  spansTurn = $state(0);
  /** True once the whole past is known. */
  hasPast = $state(false);
  spans: Spans | null = null;
  readonly logs = new LogFeed();
  private recording: Recording | null = null;
  private waiting: EventRecord[] = [];
  private isReading = false;
  private watch: RunWatch | null = null;
  private turn = 0;
  private lastAt: number | null = null;
  private readonly completing = new Asking(COMPLETING_MS, () => this.complete());
  private readonly afterEnd = new AfterEnd(() => this.lookBehindEnd());

  /** `tell` hears of each change of what is shown. */
  constructor(
    private readonly api: Api,
    private readonly boot: Boot,
    readonly runId: string,
    private readonly tell: (state: RunState, changes: Changes | 'all') => void,
    private readonly environment: Partial<Environment> = {},
  ) {}

  /** What is shown: the moment of the playhead, or now. */
  get shown(): Shown | null {
    return this.past ?? this.live;
  }

  get isActive(): boolean {
    return this.live !== null && !isTerminal(this.live.state.run.status);
  }

  /** Milliseconds since 1970 by the server's clock. */
  now = (): number => this.watch?.serverNow() ?? Date.now();

  start(): void {
    this.watch = watchRun(
      { apiBase: this.boot.apiBase, wsPath: this.boot.wsPath, runId: this.runId, environment: this.environment },
      {
        onSnapshot: (frame) => this.begin(frame),
        onEvents: (frame) => this.goOn(frame.events),
        onLogs: (lines) => this.logs.deliver(lines),
        onState: (stream) => {
          this.stream = stream;
          if (stream.state === 'live' || stream.state === 'ended') this.completing.ask();
          if (stream.state === 'ended') this.afterEnd.begin(this.now() - (this.live?.state.run.finishedAt ?? 0));
        },
      },
    );
    this.logs.attach(this.watch);
  }

  stop(): void {
    this.completing.stop();
    this.afterEnd.stop();
    this.logs.attach(null);
    this.watch?.stop();
    this.watch = null;
  }

  retry(): void {
    this.watch?.retry();
  }

  // --- now ------------------------------------------------------------------------------------------------------

  private begin(frame: SnapshotFrame): void {
    const state = fromSnapshot(frame);
    if (!this.recording) {
      this.recording = new Recording(frame);
      this.spans = new Spans(frame.tasks);
    }
    this.show(state, 'all');
    void this.readPast(frame.as_of_seq);
  }

  private goOn(events: readonly EventRecord[]): void {
    if (!this.live) return;
    this.record(events);
    const last = events.at(-1);
    if (last) this.lastAt = Date.parse(last.at);
    this.show(this.live.state, applyAll(this.live.state, events, noChanges()));
    if (this.isPastMissing) this.completing.ask();
  }

  /** The stream ends with the run; what happened since then is in its history. */
  private async lookBehindEnd(): Promise<void> {
    if (!this.live) return;
    try {
      this.goOn((await this.history(this.live.state.seq)).items);
    } catch {
      // The next look may find the server again.
    }
  }

  private show(state: RunState, changes: Changes | 'all'): void {
    this.live = { state, turn: (this.turn += 1) };
    if (this.playhead === null) this.tell(state, changes);
  }

  // --- the past -------------------------------------------------------------------------------------------------

  /** Fetch what happened before the snapshot; what comes meanwhile waits, so that nothing is left out. */
  private async readPast(until: number): Promise<void> {
    if (this.isReading || !this.recording) return;
    this.isReading = true;
    try {
      while (this.recording.seq < until) {
        const page = await this.history(this.recording.seq);
        if (page.items.length === 0) break;
        this.keep(page.items);
      }
      this.hasPast = this.recording.seq >= until;
    } catch {
      // Without its past the run can be watched all the same; it is asked for again.
    } finally {
      this.isReading = false;
      this.keep(this.waiting.splice(0));
    }
  }

  private history(after: number): Promise<{ items: EventRecord[] }> {
    return this.api.client.get<{ items: EventRecord[] }>(`/runs/${this.runId}/history`, { after, limit: PAGE });
  }

  /** What happened before could not be read, perhaps because the server was away; with a cursor no snapshot comes again. */
  private get isPastMissing(): boolean {
    return !this.isReading && this.recording !== null && this.live !== null && this.recording.seq < this.live.state.seq;
  }

  private complete(): void {
    if (this.isPastMissing) void this.readPast(this.live!.state.seq);
  }

  private record(events: readonly EventRecord[]): void {
    if (this.isReading) this.waiting.push(...events);
    else this.keep(events);
  }

  private keep(events: readonly EventRecord[]): void {
    const recording = this.recording;
    if (!recording || events.length === 0) return;
    const before = recording.seq;
    recording.add(events);
    this.lastAt = Math.max(this.lastAt ?? 0, recording.range?.to ?? 0) || null;
    for (const event of recording.between(before, recording.seq)) this.spans?.add(event);
    if (recording.seq > before) this.spansTurn += 1;
  }

  /** The first and the last moment that something is known of. */
  get range(): { from: number; to: number } | null {
    return (void this.spansTurn, this.recording?.range ?? null);
  }

  /** When the last event happened that has come. */
  get lastEventAt(): number | null {
    return (void [this.live, this.spansTurn], this.lastAt);
  }

  /** The newest events that had happened at the moment that is shown, of a task or of all, the newest first. */
  newest(most: number, task: string | null): readonly EventRecord[] {
    const recording = this.recording;
    if (!recording) return [];
    const events = recording.upTo(this.playhead === null ? recording.seq : recording.seqAt(this.playhead));
    const wanted = task === null ? events : events.filter((event) => event.task === task);
    return wanted.slice(-most).reverse();
  }

  /** Show another moment; null is now. */
  goTo(time: number | null): void {
    this.playhead = time;
    if (time === null || !this.recording) {
      this.past = null;
      if (this.live) this.tell(this.live.state, 'all');
      return;
    }
    const state = this.recording.stateAt(this.recording.seqAt(time));
    this.past = { state, turn: (this.turn += 1) };
    this.tell(state, 'all');
  }
}
