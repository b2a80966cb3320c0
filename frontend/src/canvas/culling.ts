/** Which cards are in the page: those near the view, or none when there are too many and the overview paints them. */

import { contains, padded, type Box, type Size } from './geometry';
import { visibleBox, type View } from './view';

/** The most cards in view that are shown as elements of the page. */
export const MOST_CARDS = 150;
/** The most cards that are made, those around the view included: from far away few in view can be many around it. */
export const MOST_MADE = 320;
/** How far beyond the view, in widths and heights of it, cards are handed over. */
const AROUND = 0.35;
/** After zooming in that much, fewer cards would do. */
const GROWTH = 1.6;

export interface Handover {
  /** While the view stays in here, nothing needs to change. */
  readonly area: Box;
  readonly zoom: number;
  /** The cards in the page; null when the overview paints everything. */
  readonly ids: ReadonlySet<string> | null;
}

/** Return what to hand over for a view: the last handover itself while it still serves. */
export function nextHandover(last: Handover | null, view: View, size: Size, find: (box: Box) => ReadonlySet<string>): Handover {
  const seen = visibleBox(view, size);
  if (last && serves(last, seen, view.zoom)) return last;
  const area = padded(seen, seen.width * AROUND, seen.height * AROUND);
  const ids = find(seen).size > MOST_CARDS ? null : find(area);
  return { area, zoom: view.zoom, ids: ids && ids.size > MOST_MADE ? null : ids };
}

function serves(last: Handover, seen: Box, zoom: number): boolean {
  return zoom < last.zoom * GROWTH && contains(last.area, seen);
}
