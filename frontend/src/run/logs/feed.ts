/** Live log lines for any number of views, over the one watch of the page. */

import type { LogLine, LogSelection } from '../../core/live';

/** The part of a `RunWatch` that is needed here. */
export interface LogWatch {
  setLogs(selection: LogSelection): void;
}

interface Listener {
  readonly task: string | null;
  readonly take: (lines: readonly LogLine[]) => void;
  after: number;
}

export class LogFeed {
  private watch: LogWatch | null = null;
  private readonly listeners = new Set<Listener>();

  /** Use this watch from now on; null when there is none. */
  attach(watch: LogWatch | null): void {
    this.watch = watch;
    this.select();
  }

  /** Hand lines over: what the watch's `onLogs` gets. */
  deliver(lines: readonly LogLine[]): void {
    for (const listener of this.listeners) {
      const fresh = lines.filter((line) => line.id > listener.after && (listener.task === null || line.task === listener.task));
      listener.after = Math.max(listener.after, lines.at(-1)?.id ?? 0);
      if (fresh.length > 0) listener.take(fresh);
    }
  }

  /** Hear every line behind `after`, of one task or of all. Returns what ends it. */
  listen(task: string | null, after: number, take: (lines: readonly LogLine[]) => void): () => void {
    const listener = { task, after, take };
    this.listeners.add(listener);
    this.select();
    return () => {
      this.listeners.delete(listener);
      this.select();
    };
  }

  /** Ask for what all listeners together need; each passes over what it has. */
  private select(): void {
    const all = [...this.listeners];
    if (all.length === 0) this.watch?.setLogs({ on: false });
    else {
      const [{ task }] = all as [Listener];
      const isOne = all.every((listener) => listener.task === task);
      this.watch?.setLogs({ on: true, task: isOne ? task : null, after: Math.min(...all.map((listener) => listener.after)) });
    }
  }
}
