/** What a card can be marked with: how it differs from what it is compared with, or what a plan has for it. */

import type { Tone } from './tones';

const MARKS = {
  added: { word: 'Added', tone: 'completed' },
  changed: { word: 'Changed', tone: 'retrying' },
  removed: { word: 'Removed', tone: 'failed' },
  run: { word: 'Will run', tone: 'in-progress' },
  reuse: { word: 'Result is reused', tone: 'completed' },
  left_out: { word: 'Left out', tone: 'pending' },
  cannot: { word: 'Can’t run', tone: 'failed' },
  only_left: { word: 'Only left', tone: 'in-progress' },
  only_right: { word: 'Only right', tone: 'in-progress' },
  definition: { word: 'Other definition', short: '≠ Definition', tone: 'retrying' },
  inputs: { word: 'Other inputs', short: '≠ Inputs', tone: 'retrying' },
  // The statuses, or the times, beside it say the rest.
  outcome: { word: 'Other outcome', short: '≠', tone: 'failed' },
  result: { word: 'Other result', short: '≠ Result', tone: 'retrying' },
  duration: { word: 'Other duration', short: '≠', tone: 'pending' },
} as const satisfies Record<string, { word: string; short?: string; tone: Tone }>;

export type Mark = keyof typeof MARKS;

export function markWord(mark: Mark): string {
  return MARKS[mark].word;
}

/** What a card has room for beside its status. */
export function shortMark(mark: Mark): string {
  const known: { readonly word: string; readonly short?: string } = MARKS[mark];
  return known.short ?? known.word;
}

/** The colour family of a mark, as for a status. */
export function markTone(mark: Mark): Tone {
  return MARKS[mark].tone;
}
