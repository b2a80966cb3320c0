/** The icons of static/icons.svg as paths, so that cards of the page and painted ones show the same. */

import type { Status } from './scene';

export interface Stroke {
  readonly path: string;
  readonly width: number;
  readonly dash?: readonly number[];
  readonly alpha?: number;
}

/** Drawn in a square of 16: strokes, and what is filled. */
export interface Icon {
  readonly strokes?: readonly Stroke[];
  readonly fill?: string;
}

const RING = 'M8 2.3a5.7 5.7 0 1 0 0 11.4a5.7 5.7 0 1 0 0-11.4';
const DISC = 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z';
const TICK = `${DISC.slice(0, -1)}Zm3.3 5-3.9 4.1a.8.8 0 0 1-1.1 0L4.6 8.9a.8.8 0 0 1 1.1-1.1L6.8 9l3.4-3.6a.8.8 0 0 1 1.1 1.1Z`;
const CROSS = `${DISC.slice(0, -1)}Zm2.6 8a.8.8 0 0 1-1.1 1.1L8 9.1l-1.5 1.5a.8.8 0 0 1-1.1-1.1L6.9 8 5.4 6.5a.8.8 0 0 1 1.1-1.1L8 6.9l1.5-1.5a.8.8 0 0 1 1.1 1.1L9.1 8l1.5 1.5Z`;

export const STATUS_ICONS: Readonly<Record<Status, Icon>> = {
  pending: { strokes: [{ path: `${RING}M8 5v3.2l2 1.3`, width: 1.6 }] },
  waiting: { strokes: [{ path: RING, width: 1.6, dash: [2.4, 2.08] }] },
  in_progress: {
    strokes: [{ path: RING, width: 2, alpha: 0.28 }, { path: 'M8 2.3A5.7 5.7 0 0 1 13.7 8', width: 2 }],
  },
  completed: { fill: TICK },
  reused: { fill: TICK },
  failed: { fill: CROSS },
  blocked: {
    strokes: [
      { path: 'M5.3 1.8h5.4l3.5 3.5v5.4l-3.5 3.5H5.3l-3.5-3.5V5.3z', width: 1.6 },
      { path: 'M5 8h6', width: 1.8 },
    ],
  },
  cancelled: { strokes: [{ path: `${RING}m-3.8 9.5 7.6-7.6`, width: 1.6 }] },
  retrying: { strokes: [{ path: 'M13 8a5 5 0 1 1-1.7-3.75M13.4 1.8v3h-3', width: 1.7 }] },
};

export const WARNING: Icon = {
  strokes: [
    { path: 'M8 2.2 14.3 13a.7.7 0 0 1-.6 1H2.3a.7.7 0 0 1-.6-1zM8 6.3v3.2', width: 1.5 },
    { path: 'M8 11.6v.2', width: 1.9 },
  ],
};
export const CHEVRON: Icon = { strokes: [{ path: 'm6 4 4 4-4 4', width: 1.7 }] };
export const PIN: Icon = { strokes: [{ path: 'M6 2.2h4M6.6 2.2v4.2L4.4 9h7.2L9.4 6.4V2.2M8 9v4.8', width: 1.5 }] };
export const NOTE: Icon = { strokes: [{ path: 'M3.5 2.8h9v7l-3 3.4h-6zM6 6h4.2M6 8.6h2.6', width: 1.4 }] };
export const OFF: Icon = { strokes: [{ path: `${RING}M4.2 8h7.6`, width: 1.5 }] };
export const PLUS: Icon = { strokes: [{ path: 'M8 3.5v9M3.5 8h9', width: 1.7 }] };
export const MINUS: Icon = { strokes: [{ path: 'M3.5 8h9', width: 1.7 }] };
export const FIT: Icon = { strokes: [{ path: 'M2.8 6V2.8H6M10 2.8h3.2V6M13.2 10v3.2H10M6 13.2H2.8V10', width: 1.6 }] };
