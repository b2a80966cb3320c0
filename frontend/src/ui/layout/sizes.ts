/** The size of a pane: within limits, changed by keys, kept in this browser. */

import type { Store } from '../search/recent';

export interface Limits {
  readonly min: number;
  readonly max: number;
}

export type Side = 'left' | 'right' | 'top' | 'bottom';

const STEP = 16;
const LEAP = 64;

/** Keep a size within its limits. */
export function limited(size: number, { min, max }: Limits): number {
  return Math.round(Math.max(min, Math.min(Math.max(min, max), size)));
}

/** The size after a key; null when the key means nothing here. Arrows move the border the way they point. */
export function sizeByKey(key: string, isLeap: boolean, size: number, side: Side, limits: Limits): number | null {
  if (key === 'Home') return limits.min;
  if (key === 'End') return limited(limits.max, limits);
  const grows = { left: 'ArrowRight', right: 'ArrowLeft', top: 'ArrowDown', bottom: 'ArrowUp' }[side];
  const shrinks = { left: 'ArrowLeft', right: 'ArrowRight', top: 'ArrowUp', bottom: 'ArrowDown' }[side];
  const step = isLeap ? LEAP : STEP;
  if (key === grows) return limited(size + step, limits);
  return key === shrinks ? limited(size - step, limits) : null;
}

export interface Kept {
  readonly size: number;
  readonly isFolded: boolean;
}

/** Read a kept size; the given one when there is none. */
export function readSize(name: string, given: number, store: () => Store = () => localStorage): Kept {
  try {
    const kept = JSON.parse(store().getItem(`pane:${name}`) ?? 'null') as Partial<Kept> | null;
    if (typeof kept?.size === 'number' && Number.isFinite(kept.size)) return { size: kept.size, isFolded: kept.isFolded === true };
  } catch {
    // Storage is switched off, or holds something else under this name.
  }
  return { size: given, isFolded: false };
}

/** Keep a size for the next visit. */
export function keepSize(name: string, kept: Kept, store: () => Store = () => localStorage): void {
  try {
    store().setItem(`pane:${name}`, JSON.stringify(kept));
  } catch {
    // Then it holds for this visit.
  }
}
