/** The icons, on a grid of 16 by 16: lines by default, `fill` for areas. Those of states are the same as in static/icons.svg. */

export interface Shape {
  readonly d: string;
  readonly fill?: boolean;
  /** Width of the line; 1.5 by default. */
  readonly width?: number;
  readonly dashes?: string;
  readonly opacity?: number;
}

const circle = (x: number, y: number, r: number): string => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;

const DISC = 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z';
const TICK = 'm3.3 5-3.9 4.1a.8.8 0 0 1-1.1 0L4.6 8.9a.8.8 0 0 1 1.1-1.1L6.8 9l3.4-3.6a.8.8 0 0 1 1.1 1.1Z';
const CROSS = 'm2.6 8a.8.8 0 0 1-1.1 1.1L8 9.1l-1.5 1.5a.8.8 0 0 1-1.1-1.1L6.9 8 5.4 6.5a.8.8 0 0 1 1.1-1.1L8 6.9l1.5-1.5a.8.8 0 0 1 1.1 1.1L9.1 8l1.5 1.5Z';

export const ICONS = {
  // States
  pending: [{ d: circle(8, 8, 5.5), width: 1.6 }, { d: 'M8 5v3.2l2 1.3', width: 1.6 }],
  waiting: [{ d: circle(8, 8, 5.7), width: 1.6, dashes: '2.4 2.08' }],
  in_progress: [{ d: circle(8, 8, 5.7), width: 2, opacity: 0.28 }, { d: 'M8 2.3A5.7 5.7 0 0 1 13.7 8', width: 2 }],
  completed: [{ d: DISC + TICK, fill: true }],
  reused: [{ d: 'M3.2 8.6a4.9 4.9 0 0 0 9 2M12.8 7.4a4.9 4.9 0 0 0-9-2' }, { d: 'M3.6 2.6v3h3M12.4 13.4v-3h-3' }],
  failed: [{ d: DISC + CROSS, fill: true }],
  blocked: [{ d: 'M5.3 1.8h5.4l3.5 3.5v5.4l-3.5 3.5H5.3l-3.5-3.5V5.3z', width: 1.6 }, { d: 'M5 8h6', width: 1.8 }],
  cancelled: [{ d: circle(8, 8, 5.7), width: 1.6 }, { d: 'm4.2 11.8 7.6-7.6', width: 1.6 }],
  retrying: [{ d: 'M13 8a5 5 0 1 1-1.7-3.75', width: 1.7 }, { d: 'M13.4 1.8v3h-3', width: 1.7 }],
  paused: [{ d: 'M5.5 4v8M10.5 4v8', width: 2 }],
  cancelling: [{ d: circle(8, 8, 5.7), width: 1.6 }, { d: 'M6 6h4v4H6z', fill: true }],

  // Acts
  play: [{ d: 'M4.5 3.1v9.8c0 .5.6.8 1 .5l7.4-4.9a.6.6 0 0 0 0-1L5.5 2.6c-.4-.3-1 0-1 .5Z', fill: true }],
  stop: [{ d: 'M5.5 4h5A1.5 1.5 0 0 1 12 5.5v5a1.5 1.5 0 0 1-1.5 1.5h-5A1.5 1.5 0 0 1 4 10.5v-5A1.5 1.5 0 0 1 5.5 4Z', fill: true }],
  plus: [{ d: 'M8 3.2v9.6M3.2 8h9.6' }],
  minus: [{ d: 'M3.2 8h9.6' }],
  close: [{ d: 'm4 4 8 8M12 4l-8 8' }],
  check: [{ d: 'm3.2 8.4 3.2 3.2 6.4-7' }],
  undo: [{ d: 'M3 6.2h6.6a3.4 3.4 0 0 1 0 6.8H6' }, { d: 'M5.8 3.2 2.8 6.2l3 3' }],
  redo: [{ d: 'M13 6.2H6.4a3.4 3.4 0 0 0 0 6.8H10' }, { d: 'm10.2 3.2 3 3-3 3' }],
  trash: [{ d: 'M2.8 4.4h10.4M6.2 4.2V2.8h3.6v1.4M4.2 4.6l.6 8.6h6.4l.6-8.6M6.8 7v4M9.2 7v4' }],
  copy: [{ d: 'M5.8 5.8h7.4v7.4H5.8z' }, { d: 'M10.2 5.6V2.8H2.8v7.4h2.8' }],
  paste: [{ d: 'M5.4 3.4H3.6v10.2h8.8V3.4h-1.8' }, { d: 'M5.6 2.2h4.8v2.6H5.6z' }],
  edit: [{ d: 'm3 13 .6-2.9 7.2-7.2 2.3 2.3-7.2 7.2z' }, { d: 'm9.4 4.3 2.3 2.3' }],
  save: [{ d: 'M2.8 2.8h8l2.4 2.4v8H2.8z' }, { d: 'M5.4 2.9v3.5h4.8V2.9M5 13V9.4h6V13' }],
  search: [{ d: circle(7, 7, 4.3), width: 1.6 }, { d: 'm10.3 10.3 3.2 3.2', width: 1.6 }],
  filter: [{ d: 'M2.6 3.4h10.8L9.4 8.3v4.2l-2.8 1.1V8.3z' }],
  more: [{ d: `${circle(3.6, 8, 0.5)}${circle(8, 8, 0.5)}${circle(12.4, 8, 0.5)}`, width: 1.4 }],
  pin: [{ d: 'M6 2.4h4l-.5 4 2.3 2.6H4.2l2.3-2.6z' }, { d: 'M8 9.2v4.6' }],
  link: [{ d: 'm6.6 9.4 2.8-2.8' }, { d: 'M7.2 4.6 8.6 3.2a3 3 0 0 1 4.2 4.2L11.4 8.8M8.8 11.4 7.4 12.8a3 3 0 0 1-4.2-4.2L4.6 7.2' }],
  target: [{ d: circle(8, 8, 4.4) }, { d: 'M8 1.6v3.6M8 10.8v3.6M1.6 8h3.6M10.8 8h3.6' }],
  code: [{ d: 'M5.2 4.4 1.8 8l3.4 3.6M10.8 4.4 14.2 8l-3.4 3.6' }],
  braces: [{ d: 'M6.2 2.6c-2 0-2 1-2 2.4S4 7.4 2.6 8C4 8.6 4.2 9.6 4.2 11s0 2.4 2 2.4M9.8 2.6c2 0 2 1 2 2.4s.2 2.4 1.6 3c-1.4.6-1.6 1.6-1.6 3s0 2.4-2 2.4' }],
  download: [{ d: 'M8 2.4v7.8M4.8 7.2 8 10.4l3.2-3.2M2.8 13.4h10.4' }],
  upload: [{ d: 'M8 10.6V2.8M4.8 5.8 8 2.6l3.2 3.2M2.8 13.4h10.4' }],
  refresh: [{ d: 'M13 8a5 5 0 1 1-1.7-3.75' }, { d: 'M13.4 1.8v3h-3' }],

  // Directions
  chevron: [{ d: 'm6 4 4 4-4 4', width: 1.7 }],
  'chevron-down': [{ d: 'm4 6 4 4 4-4', width: 1.7 }],
  up: [{ d: 'M8 13V3.2M4 7l4-4 4 4' }],
  down: [{ d: 'M8 3v9.8M4 9l4 4 4-4' }],
  grip: [{ d: `${circle(6, 4, 0.4)}${circle(10, 4, 0.4)}${circle(6, 8, 0.4)}${circle(10, 8, 0.4)}${circle(6, 12, 0.4)}${circle(10, 12, 0.4)}`, width: 1.2 }],
  fit: [{ d: 'M2.6 6V2.6H6M10 2.6h3.4V6M13.4 10v3.4H10M6 13.4H2.6V10' }],
  external: [{ d: 'M9.2 2.8h4v4M13 3 7.4 8.6M11.6 9.6v3.6H2.8V4.4h3.6' }],

  // Things
  task: [{ d: 'M3.6 3.6h8.8a1.2 1.2 0 0 1 1.2 1.2v6.4a1.2 1.2 0 0 1-1.2 1.2H3.6a1.2 1.2 0 0 1-1.2-1.2V4.8a1.2 1.2 0 0 1 1.2-1.2Z' }, { d: 'M5.2 6.8h5.6M5.2 9.4h3.2' }],
  group: [{ d: 'M2.6 5.4V3h4l1.4 2.4h5.4v7.8H2.6z' }],
  tree: [{ d: 'M6 2.6h4v3H6zM2.4 10.4h4v3h-4zM9.6 10.4h4v3h-4z' }, { d: 'M8 5.8V8M4.4 10.2V8h7.2v2.2' }],
  note: [{ d: 'M3 3h10v6.6L9.6 13H3z' }, { d: 'M13 9.6H9.6V13' }],
  key: [{ d: circle(5.2, 8, 2.6) }, { d: 'M7.8 8h5.8v2.4M11 8v1.8' }],
  clock: [{ d: circle(8, 8, 5.6) }, { d: 'M8 4.8V8l2.2 1.4' }],
  user: [{ d: circle(8, 5.4, 2.7) }, { d: 'M2.8 13.6c.6-2.6 2.6-4 5.2-4s4.6 1.4 5.2 4' }],
  keyboard: [{ d: 'M1.8 4h12.4v8H1.8z' }, { d: 'M4.2 6.6h.01M6.8 6.6h.01M9.4 6.6h.01M11.8 6.6h.01M5.2 9.6h5.6' }],
  settings: [{ d: 'M2.6 4.6h6M11.8 4.6h1.6M2.6 11.4h1.6M7.4 11.4h6' }, { d: circle(10.2, 4.6, 1.6) }, { d: circle(5.8, 11.4, 1.6) }],
  warning: [{ d: 'M8 2.2 14.3 13a.7.7 0 0 1-.6 1H2.3a.7.7 0 0 1-.6-1z' }, { d: 'M8 6.3v3.2', width: 1.6 }, { d: circle(8, 11.7, 0.3), width: 1.2 }],
  info: [{ d: circle(8, 8, 5.8) }, { d: 'M8 7.4v3.8', width: 1.6 }, { d: circle(8, 5, 0.3), width: 1.2 }],
  empty: [{ d: 'M2.6 9.2 4.4 3.4h7.2l1.8 5.8v4H2.6z' }, { d: 'M2.8 9.2h3.4l.8 1.6h2l.8-1.6h3.4' }],
} as const satisfies Readonly<Record<string, readonly Shape[]>>;

export type IconName = keyof typeof ICONS;

/** The shapes of an icon. */
export function shapesOf(name: IconName): readonly Shape[] {
  return ICONS[name];
}
