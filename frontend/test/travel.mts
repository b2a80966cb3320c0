/**
 * Says how a run was after so many events, as the page of a run does it when somebody goes back in time.
 *
 * Reads `{"snapshot", "events", "seqs"}` from its input: a snapshot of the run as it is now, its whole log, and the moments that are
 * asked for. Prints `[{"run", "tasks", "counts"}, …]`, one for each of the moments.
 */

import { readFileSync } from 'node:fs';

import type { EventRecord, SnapshotFrame } from '../src/core/live';
import { Recording } from '../src/run/model/recording';

interface Asked {
  readonly snapshot: SnapshotFrame;
  readonly events: readonly EventRecord[];
  readonly seqs: readonly number[];
}

const { snapshot, events, seqs } = JSON.parse(readFileSync(0, 'utf8')) as Asked;
const recording = new Recording(snapshot);
recording.add(events);
const states = seqs.map((seq) => {
  const { run, tasks, counts } = recording.stateAt(seq);
  return { run, tasks: [...tasks.values()], counts };
});
process.stdout.write(JSON.stringify(states));
