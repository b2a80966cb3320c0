/** A run that is watched in a world of fakes, and what the watcher was told. */

import { watchRun, type LogLine, type RunWatch, type RunWatchOptions, type StreamState } from '../src/core/live';
import { World } from './world';

export interface Watched {
  world: World;
  watch: RunWatch;
  /** What was handed over, in order: `snapshot 3`, `4`, `5`, `end`. */
  told: string[];
  lines: LogLine[];
  states: StreamState[];
}

interface Options extends Partial<RunWatchOptions> {
  /** Called before each frame is dealt with. */
  busy?: (what: string) => void | Promise<void>;
}

export function watchFakeRun({ busy, environment, ...options }: Options = {}): Watched {
  const world = new World();
  const told: string[] = [];
  const lines: LogLine[] = [];
  const states: StreamState[] = [];
  const watch = watchRun(
    {
      runId: 'r1',
      apiBase: '/api/v1/',
      wsPath: '/ws/',
      origin: 'https://host.example',
      environment: { ...world.environment(), ...environment },
      ...options,
    },
    {
      async onSnapshot(frame) {
        await busy?.(`snapshot ${frame.as_of_seq}`);
        told.push(`snapshot ${frame.as_of_seq}`);
      },
      async onEvents(frame) {
        await busy?.(`events ${frame.to}`);
        told.push(...frame.events.map((event) => String(event.seq)));
      },
      onLogs: (more) => void lines.push(...more),
      onEnd: () => void told.push('end'),
      onState: (state) => void states.push(state),
    },
  );
  return { world, watch, told, lines, states };
}
