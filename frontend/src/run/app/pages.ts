/** Where links of this page lead to. */

import type { Boot } from '../../core/boot';

/** A run on the canvas, live. */
export function liveUrl({ pages }: Boot, runId: string): string {
  return `${pages.runs}${runId}/live/`;
}

/** A run as a plain page, which needs no script. */
export function plainUrl({ pages }: Boot, runId: string): string {
  return `${pages.runs}${runId}/`;
}
