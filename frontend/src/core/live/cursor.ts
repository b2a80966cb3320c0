/** How far a watcher of a run has come: every event once, in order. */

import type { EventRecord, EventsFrame, SnapshotFrame } from './frames';

export class Cursor {
  constructor(private last: number | null = null) {}

  /** The `seq` of the last event that has come; null asks for a snapshot. */
  get seq(): number | null {
    return this.last;
  }

  /** Start over with a snapshot. */
  forget(): void {
    this.last = null;
  }

  /** Take a snapshot over. */
  takeSnapshot(frame: SnapshotFrame): void {
    this.last = frame.as_of_seq;
  }

  /** Tell whether a snapshot would lead back behind what has come. */
  isBehind(frame: SnapshotFrame): boolean {
    return this.last !== null && frame.as_of_seq < this.last;
  }

  /** Return the events of a frame that are new (null when none is), or `'hole'` when some are missing. */
  takeEvents(frame: EventsFrame): EventsFrame | null | 'hole' {
    if (this.last === null || frame.after > this.last) return 'hole';
    if (!isWhole(frame.events, frame.after, frame.to)) return 'hole';
    if (frame.to <= this.last) return null;
    const events = frame.after === this.last ? frame.events : frame.events.slice(this.last - frame.after);
    const fresh = { ...frame, after: this.last, events };
    this.last = frame.to;
    return fresh;
  }
}

function isWhole(events: readonly EventRecord[], after: number, to: number): boolean {
  return events.length === to - after && events.every((event, index) => event.seq === after + 1 + index);
}
