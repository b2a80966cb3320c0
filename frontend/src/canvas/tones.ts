/** The colour family of each status; the tokens are `--<tone>` and `--<tone>-soft`. */

import type { Status } from './scene';

export type Tone = 'pending' | 'in-progress' | 'completed' | 'failed' | 'retrying';

export const TONES: Readonly<Record<Status, Tone>> = {
  pending: 'pending',
  waiting: 'pending',
  in_progress: 'in-progress',
  completed: 'completed',
  reused: 'completed',
  failed: 'failed',
  blocked: 'failed',
  cancelled: 'pending',
  retrying: 'retrying',
};
