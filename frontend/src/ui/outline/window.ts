/** Of a long list only what can be seen is in the page. */

export interface Window {
  readonly from: number;
  /** The first that is not shown. */
  readonly to: number;
}

const OVERSCAN = 8;

/** The rows around what is scrolled into view. */
export function windowOf(scrollTop: number, height: number, rowHeight: number, count: number): Window {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - OVERSCAN);
  const to = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + OVERSCAN);
  return { from: Math.min(from, to), to };
}

/** Where to scroll so that a row can be seen; as little as possible. */
export function scrollTo(index: number, scrollTop: number, height: number, rowHeight: number): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}

/** The indexes that are in the page: the window, and the active row wherever it is, so that its id can be pointed at. */
export function shownIndexes({ from, to }: Window, active: number, count: number): number[] {
  const indexes = Array.from({ length: to - from }, (_, offset) => from + offset);
  if (active < 0 || active >= count) return indexes;
  if (active < from) return [active, ...indexes];
  return active >= to ? [...indexes, active] : indexes;
}
