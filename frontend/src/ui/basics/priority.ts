/** Priorities: 0 starts first. */

import { text } from '../texts';

export type Priority = 0 | 1 | 2 | 3;

export const PRIORITIES: readonly Priority[] = [0, 1, 2, 3];

/** The word for a priority: `Urgent`. */
export function wordOfPriority(priority: Priority): string {
  return text(`priority.${priority}`);
}

/** The priority that a key stands for, or that an arrow goes to; null when the key means nothing here. */
export function priorityOfKey(key: string, now: Priority | null): Priority | null {
  if (/^[0-3]$/.test(key)) return Number(key) as Priority;
  if (key === 'Home') return 0;
  if (key === 'End') return 3;
  const step = key === 'ArrowRight' || key === 'ArrowDown' ? 1 : key === 'ArrowLeft' || key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return null;
  return (((now ?? (step > 0 ? -1 : 4)) + step + 4) % 4) as Priority;
}
