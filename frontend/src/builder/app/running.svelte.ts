/** A run that the builder has started, or watches, on the same canvas. */

import type { Api, Part, RunSummary, StartRequest } from '../../core/api';
import type { Boot } from '../../core/boot';
import type { RunWatch, StreamState } from '../../core/live';
import { applyAll, fromSnapshot, isTerminal, noChanges, type Changes, type RunState } from '../../core/run-state';

/** Told of what a run has changed. */
export type RunListener = (state: RunState, changes: Changes | 'all') => void;

export class Running {
  runId = $state<string | null>(null);
  /** Replaced at each change of the run itself, so that what is shown of it follows. */
  facts = $state.raw<{ readonly state: RunState } | null>(null);
  stream = $state.raw<StreamState | null>(null);
  isStarting = $state(false);
  private watch: RunWatch | null = null;

  constructor(
    private readonly api: Api,
    private readonly boot: Boot,
    private readonly tell: RunListener,
  ) {}

  get isActive(): boolean {
    return this.facts !== null && !isTerminal(this.facts.state.run.status);
  }

  /** Milliseconds since 1970 by the server's clock. */
  now(): number {
    return this.watch?.serverNow() ?? Date.now();
  }

  /** Start a stored tree, or a part of it, and watch the run. Pressing twice starts it once. */
  async start(treeId: string, request: StartRequest & { only?: Part }): Promise<RunSummary | null> {
    if (this.isStarting) return null;
    this.isStarting = true;
    try {
      const run = await this.api.trees.run(treeId, request, crypto.randomUUID());
      await this.follow(run.id);
      return run;
    } finally {
      this.isStarting = false;
    }
  }

  async follow(runId: string): Promise<void> {
    this.stop();
    this.runId = runId;
    const { watchRun } = await import('../../core/live');
    let state: RunState | null = null;
    this.watch = watchRun(
      { ...siteOf(this.boot), runId },
      {
        onSnapshot: (frame) => {
          state = fromSnapshot(frame);
          this.show(state, 'all');
        },
        onEvents: (frame) => {
          if (state) this.show(state, applyAll(state, frame.events, noChanges()));
        },
        onState: (stream) => {
          this.stream = stream;
        },
      },
    );
  }

  /** Go back to the drawing. */
  stop(): void {
    this.watch?.stop();
    this.watch = null;
    this.runId = null;
    this.facts = null;
    this.stream = null;
  }

  async cancel(reason: string): Promise<void> {
    if (this.runId) await this.api.runs.steer(this.runId, 'cancel', reason);
  }

  private show(state: RunState, changes: Changes | 'all'): void {
    this.facts = { state };
    this.tell(state, changes);
  }
}

function siteOf(boot: Boot): { apiBase: string; wsPath: string } {
  return { apiBase: boot.apiBase, wsPath: boot.wsPath };
}
