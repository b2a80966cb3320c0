/**
 * Follows a run on a real server through the live client, as a page would.
 *
 * Prints one JSON line for each change of the stream's state, and at the end `{"run", "tasks", "counts", "seq", "seqs",
 * "snapshots", "cuts"}`: the state that the reducer came to, and every event that was handed over, in order. Exits with
 * 0 once the run has ended, with 1 when it was refused or took too long.
 */

import { watchRun, type EventsFrame, type SnapshotFrame } from '../src/core/live';
import { applyAll, fromSnapshot, type RunState } from '../src/core/run-state';
import { readArguments, type FollowArguments } from './following/arguments.mts';
import { Network } from './following/network.mts';

/** Frames between two cuts. */
const FRAMES_A_LINE = 3;

class Follower {
  private state: RunState | null = null;
  private readonly seqs: number[] = [];
  private readonly snapshots: number[] = [];
  private frames = 0;
  private cuts = 0;

  constructor(
    private readonly network: Network,
    private readonly isCut: boolean,
  ) {}

  takeSnapshot(frame: SnapshotFrame): void {
    this.state = fromSnapshot(frame);
    this.snapshots.push(frame.as_of_seq);
    this.maybeCut();
  }

  takeEvents(frame: EventsFrame): void {
    if (!this.state) throw new Error('Events came before a snapshot');
    applyAll(this.state, frame.events);
    this.seqs.push(...frame.events.map((event) => event.seq));
    this.maybeCut();
  }

  report(): object {
    const { seqs, snapshots, cuts } = this;
    if (!this.state) return { seqs, snapshots, cuts };
    const { run, tasks, counts, seq } = this.state;
    return { run, tasks: [...tasks.values()], counts, seq, seqs, snapshots, cuts };
  }

  private maybeCut(): void {
    this.frames += 1;
    if (!this.isCut || this.frames % FRAMES_A_LINE !== 0) return;
    this.cuts += 1;
    // Once this frame is dealt with: a line is not lost from within its own reader.
    setImmediate(() => this.network.cut());
  }
}

function say(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function follow({ base, run, token, way, isCut, seconds }: FollowArguments): Promise<boolean> {
  const network = new Network(token);
  const follower = new Follower(network, isCut);
  return new Promise((resolve) => {
    const finish = (isEnded: boolean) => {
      clearTimeout(patience);
      watch.stop();
      say(follower.report());
      resolve(isEnded);
    };
    const patience = setTimeout(() => finish(false), seconds * 1000);
    const site = { origin: base, apiBase: 'api/v1/', wsPath: 'ws/' };
    const watch = watchRun(
      { ...site, runId: run, ways: [way], environment: network.environment() },
      {
        onSnapshot: (frame) => follower.takeSnapshot(frame),
        onEvents: (frame) => follower.takeEvents(frame),
        onState: (state) => {
          say(state);
          if (state.state === 'ended' || state.state === 'refused') finish(state.state === 'ended');
        },
      },
    );
  });
}

process.exitCode = (await follow(readArguments(process.argv.slice(2)))) ? 0 : 1;
