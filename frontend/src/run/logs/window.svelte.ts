/** What is seen of a log: where, whether it follows the end, how lines are broken, and which one is meant. */

import { untrack } from 'svelte';

import type { LogLine } from '../../core/live';
import type { LogFeed } from './feed';
import type { LogFilter } from './filter';
import type { Placed } from './document';
import { countRows, type Layout } from './rows';
import { ScrollMap } from './scroll-map';
import type { LogSource } from './source';
import { LogStore } from './store';

export const ROW_HEIGHT = 20;
/** Rows that are drawn above and below what is seen. */
const OVERSCAN = 4;

export interface Opened {
  readonly source: LogSource;
  readonly feed: LogFeed | null;
  readonly filter: LogFilter;
}

interface Shown {
  readonly from: number;
  readonly to: number;
  readonly lines: readonly Placed[];
  /** Nothing of it is on its way. */
  readonly isWhole: boolean;
}

export class LogWindow {
  readonly map = new ScrollMap();
  isFollowing = $state(true);
  /** Lines that came while the end was not followed. */
  missed = $state(0);
  /** A log, or other lines of it, is on its way; what was shown before stays. */
  isOpening = $state(true);
  /** The line that the address names is not there. */
  isGone = $state(false);
  /** Live lines that have come. */
  heard = $state(0);
  /** Another number with each change of what is seen. */
  private version = $state(0);
  private changes = 0;
  private store: LogStore | null = null;
  private layout: Layout = { room: null, folded: new Set() };
  private target: number | null = null;

  /** Look at a log through a filter. The place stays, unless a line is named. */
  open({ source, feed, filter }: Opened, line: number | null): () => void {
    this.isOpening = true;
    const next: LogStore = new LogStore({
      ...{ source, feed, filter },
      countRows: (line) => countRows(line, this.layout),
      around: (change, fresh) => this.change(next, change, fresh),
    });
    if (line !== null) this.aim(line);
    void next.start();
    return () => next.stop();
  }

  get document() {
    void this.version;
    return this.store?.document ?? null;
  }

  get error(): unknown {
    void this.version;
    return this.store?.error ?? null;
  }

  get isReady(): boolean {
    void this.version;
    return this.store?.isReady ?? false;
  }

  /** The rows that are drawn. */
  get shown(): Shown {
    void this.version;
    return untrack(() => this.look());
  }

  get layoutNow(): Layout {
    void this.version;
    return this.layout;
  }

  /** The bar was moved by somebody. Returns whether it has to be put elsewhere at once. */
  scroll(bar: number, isDragged: boolean): boolean {
    const mustMove = this.map.move(bar, isDragged);
    this.target = null;
    this.setFollowing(this.map.top >= this.map.furthest - 2);
    this.refresh();
    return mustMove;
  }

  /** So many pixels of the log are seen. */
  resize(view: number): void {
    if (view === this.map.view) return;
    this.map.view = view;
    if (this.isFollowing) this.map.goTo(Infinity);
    this.refresh();
  }

  /** Break lines after so many letters, or not at all. */
  wrap(room: number | null): void {
    if (room !== this.layout.room) this.relayout({ ...this.layout, room });
  }

  fold(id: number, isFolded: boolean): void {
    const folded = new Set(this.layout.folded);
    if (isFolded) folded.add(id);
    else folded.delete(id);
    this.relayout({ ...this.layout, folded });
  }

  follow(): void {
    this.setFollowing(true);
    this.map.goTo(Infinity);
    this.refresh();
  }

  unfollow(): void {
    this.isFollowing = false;
  }

  toStart(): void {
    this.isFollowing = false;
    this.map.goTo(0);
    this.refresh();
  }

  /** Show a line, in the middle. */
  aim(line: number): void {
    this.isFollowing = this.isGone = false;
    this.target = line;
    this.show(line);
    this.refresh();
  }

  /** Have these pixels of the log in sight; as little as possible is moved. */
  reveal(row: number): void {
    const top = row * ROW_HEIGHT;
    if (top < this.map.top) this.map.goTo(top);
    else if (top + ROW_HEIGHT > this.map.top + this.map.view) this.map.goTo(top + ROW_HEIGHT - this.map.view);
    this.setFollowing(this.map.top >= this.map.furthest - 2);
    this.refresh();
  }

  retry(): void {
    this.store?.retry();
    this.refresh();
  }

  /** Say that something has changed, and have at hand what is seen now. */
  refresh(): void {
    this.changes += 1;
    this.version = this.changes;
    const { from, to } = this.look();
    void this.store?.want(from, to);
  }

  private look(): Shown {
    const document = this.store?.document;
    const from = Math.max(Math.floor(this.map.top / ROW_HEIGHT) - OVERSCAN, 0);
    const to = Math.ceil((this.map.top + this.map.view) / ROW_HEIGHT) + OVERSCAN;
    return { from, to, lines: document?.linesIn(from, to) ?? [], isWhole: !document?.missing(from, to) };
  }

  private relayout(layout: Layout): void {
    this.layout = layout;
    const { store } = this;
    if (store) this.change(store, () => store.document.relayout((line: LogLine) => countRows(line, layout)), 0);
  }

  /** Change a document so that what is seen of it stays where it is. */
  private change(store: LogStore, change: () => void, fresh: number): void {
    const top = this.map.top / ROW_HEIGHT;
    const place = this.store?.document.placeAt(top) ?? null;
    change();
    if (store !== this.store) this.store = store;
    if (store.isReady || store.error !== null) this.isOpening = false;
    this.map.height = store.document.rows * ROW_HEIGHT;
    if (this.isFollowing) this.map.goTo(Infinity);
    else if (place) this.map.goTo(store.document.rowOf(place) * ROW_HEIGHT);
    if (this.target !== null) this.show(this.target);
    if (!this.isFollowing) this.missed += fresh;
    if (fresh > 0) this.heard += fresh;
    this.refresh();
  }

  private show(line: number): void {
    const document = this.store?.document;
    if (!document || !this.store?.isReady) return;
    this.map.goTo((document.rowOf({ id: line, offset: 0 }) + 0.5) * ROW_HEIGHT - this.map.view / 2);
    if (!this.look().isWhole) return;
    // All around it is there: now it is where it stays, or it is not there at all.
    this.target = null;
    this.isGone = document.lineOf(line) === undefined;
  }

  private setFollowing(isFollowing: boolean): void {
    this.isFollowing = isFollowing;
    if (isFollowing) this.missed = 0;
  }
}
