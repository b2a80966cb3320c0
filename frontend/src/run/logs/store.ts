/** The log that a view looks at: pages as they are needed, and live lines behind them. */

import type { LogLine } from '../../core/live';
import { LogDocument } from './document';
import type { LogFeed } from './feed';
import { matcher, type LogFilter } from './filter';
import type { Ask, LogSource } from './source';
import { answered, densityOf, gap, PAGE, type Stretch } from './stretches';

/** Rows that are had at hand above and below what is seen. */
const AROUND = 150;

export interface StoreOptions {
  readonly source: LogSource;
  readonly feed: LogFeed | null;
  readonly filter: LogFilter;
  readonly countRows: (line: LogLine) => number;
  /** Is called around each change of the document, and has to call `change`. `fresh` live lines come with it. */
  readonly around: (change: () => void, fresh: number) => void;
}

export class LogStore {
  readonly document: LogDocument;
  /** The first pages have come. */
  isReady = false;
  isLoading = false;
  error: unknown = null;
  private readonly requests = new AbortController();
  private readonly matches: (line: LogLine) => boolean;
  private hangUp: () => void = () => undefined;
  private view = { from: 0, to: 0 };

  constructor(private readonly options: StoreOptions) {
    this.document = new LogDocument(options.countRows);
    this.matches = matcher(options.filter);
  }

  /** Read the end, and the beginning where that is another page; from then on hear what is new. */
  async start(): Promise<void> {
    const begin = await this.load(async () => this.readEdges());
    if (!begin) return;
    this.change(() => {
      this.document.begin(begin);
      this.isReady = true;
    });
    this.listen();
  }

  /** These rows are seen: have them at hand, one page after the other. */
  async want(from: number, to: number): Promise<void> {
    this.view = { from, to };
    if (this.isLoading || !this.isReady || this.error !== null) return;
    const ask = this.document.missing(from, to) ?? this.document.missing(from - AROUND, to + AROUND);
    if (!ask) return;
    const lines = await this.load(() => this.read(ask));
    if (!lines) return;
    this.change(() => this.document.take(ask, lines));
    await this.want(this.view.from, this.view.to);
  }

  /** Go on after an error. */
  retry(): void {
    this.error = null;
    void (this.isReady ? this.want(this.view.from, this.view.to) : this.start());
  }

  stop(): void {
    this.hangUp();
    this.requests.abort();
  }

  private async readEdges(): Promise<readonly Stretch[]> {
    const fromEnd: Ask = { from: 'end', after: 0, before: null, limit: PAGE };
    const tail = answered(fromEnd, await this.read(fromEnd), 0);
    if (tail.after === 0) return tail.count === 0 ? [] : [tail];
    const fromStart: Ask = { from: 'start', after: 0, before: tail.after + 1, limit: PAGE };
    const head = answered(fromStart, await this.read(fromStart), 0);
    // The ids in front of the first line say nothing of how close together the others are.
    const first = { ...head, after: (head.lines?.[0]?.id ?? head.to) - 1 };
    const middle = gap(first.to, tail.after, densityOf([first, tail]));
    return middle ? [first, middle, tail] : [first, tail];
  }

  private listen(): void {
    const { feed, filter } = this.options;
    if (!feed || this.requests.signal.aborted) return;
    this.hangUp = feed.listen(filter.task, this.document.end, (lines) => {
      const wanted = lines.filter(this.matches);
      this.change(() => this.document.append(wanted, lines.at(-1)?.id ?? 0), wanted.length);
    });
  }

  private change(change: () => void, fresh = 0): void {
    this.options.around(() => {
      change();
      this.document.trim(this.view.from, this.view.to);
    }, fresh);
  }

  private read(ask: Ask): Promise<readonly LogLine[]> {
    return this.options.source.read(ask, this.options.filter, this.requests.signal);
  }

  /** Do what may fail; null when it did, or when nobody waits any more. */
  private async load<T>(work: () => Promise<T>): Promise<T | null> {
    const { signal } = this.requests;
    this.isLoading = true;
    try {
      const result = await work();
      return signal.aborted ? null : result;
    } catch (error) {
      if (!signal.aborted) this.change(() => (this.error = error));
      return null;
    } finally {
      this.isLoading = false;
    }
  }
}
