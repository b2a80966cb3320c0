/** Paints the bars of the Gantt. Colours come from the page's tokens. */

import type { Span } from '../model/spans';
import type { Scale, Stretch } from './scale';

export const ROW_HEIGHT = 26;
const BAR_HEIGHT = 14;

/** One line of the chart. */
export interface Row {
  readonly id: string;
  readonly spans: readonly Span[];
  /** 0 to 1 of the running attempt; null when it is not known. */
  readonly progress: number | null;
  readonly isCritical: boolean;
  readonly isSelected: boolean;
  /** When it runs if it takes as long as in past runs; null when that is not known, or it has ended. */
  readonly expected: Stretch | null;
}

export type Palette = Readonly<Record<'line' | 'ink' | 'soft' | 'accent' | 'accentSoft' | 'pending' | 'running' | 'completed' | 'failed' | 'cancelled' | 'retrying' | 'surface', string>>;

export interface Picture {
  /** The rows in view, of which the first is number `first` of the chart. */
  readonly rows: readonly Row[];
  readonly first: number;
  readonly scale: Scale;
  /** How far the chart is scrolled, in pixels. */
  readonly scrollTop: number;
  readonly height: number;
  readonly now: number;
  readonly playhead: number | null;
  readonly ticks: readonly { time: number; since: number }[];
  /** Arrows from what a row waited for, by the numbers of the rows: from when that had ended to when the row began. */
  readonly arrows: readonly Arrow[];
}

export interface Arrow {
  readonly from: number;
  readonly to: number;
  readonly left: number;
  readonly right: number;
}

/** Paint everything that is in view. */
export function paint(context: CanvasRenderingContext2D, picture: Picture, palette: Palette): void {
  const { scale, height, ticks, playhead } = picture;
  context.clearRect(0, 0, scale.width, height);
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  for (const tick of ticks) line(context, scale.x(tick.time), 0, height);
  picture.rows.forEach((row, index) => paintRow(context, row, (picture.first + index) * ROW_HEIGHT - picture.scrollTop, picture, palette));
  paintArrows(context, picture, palette);
  if (playhead !== null) {
    paintAfter(context, scale.x(playhead), picture, palette);
    context.strokeStyle = palette.accent;
    context.lineWidth = 2;
    line(context, scale.x(playhead), 0, height);
  }
}

function line(context: CanvasRenderingContext2D, x: number, top: number, bottom: number): void {
  const sharp = Math.round(x) + 0.5;
  context.beginPath();
  context.moveTo(sharp, top);
  context.lineTo(sharp, bottom);
  context.stroke();
}

function paintRow(context: CanvasRenderingContext2D, row: Row, y: number, picture: Picture, palette: Palette): void {
  const { scale, now } = picture;
  if (row.isSelected) {
    context.fillStyle = palette.accentSoft;
    context.fillRect(0, y, scale.width, ROW_HEIGHT);
  }
  const top = y + (ROW_HEIGHT - BAR_HEIGHT) / 2;
  paintExpected(context, row, top, picture, palette);
  for (const span of row.spans) paintSpan(context, span, row, top, scale, now, palette);
}

/** The ghost of what is still to come, if it takes as long as usual. */
function paintExpected(context: CanvasRenderingContext2D, { expected }: Row, top: number, { scale, now }: Picture, palette: Palette): void {
  if (expected === null) return;
  const from = scale.x(Math.max(expected.from, now));
  const width = scale.x(expected.to) - from;
  if (width < 1) return;
  context.setLineDash([3, 3]);
  context.strokeStyle = palette.soft;
  context.strokeRect(from + 0.5, top + 0.5, width, BAR_HEIGHT - 1);
  context.setLineDash([]);
}

/** What had not happened yet at the moment that is shown is faint. */
function paintAfter(context: CanvasRenderingContext2D, x: number, { scale, height }: Picture, palette: Palette): void {
  context.globalAlpha = 0.6;
  context.fillStyle = palette.surface;
  context.fillRect(x, 0, Math.max(scale.width - x, 0), height);
  context.globalAlpha = 1;
}

function paintSpan(context: CanvasRenderingContext2D, span: Span, row: Row, top: number, scale: Scale, now: number, palette: Palette): void {
  const from = scale.x(span.from);
  const width = Math.max(scale.x(span.to ?? now) - from, 2);
  if (from > scale.width || from + width < 0) return;
  if (span.kind !== 'running') return hatch(context, from, top, width, span.kind === 'delayed' ? palette.retrying : palette.pending);
  context.fillStyle = colourOf(span, palette);
  context.beginPath();
  context.roundRect(from, top, width, BAR_HEIGHT, 3);
  context.fill();
  if (span.to === null && row.progress !== null) {
    context.globalAlpha = 0.35;
    context.fillStyle = palette.surface;
    context.fillRect(from + width * row.progress, top, width * (1 - row.progress), BAR_HEIGHT);
    context.globalAlpha = 1;
  }
  if (row.isCritical) {
    context.strokeStyle = palette.ink;
    context.lineWidth = 1.5;
    context.stroke();
    context.lineWidth = 1;
  }
}

function colourOf({ to, ending }: Span, palette: Palette): string {
  if (to === null || ending === null) return palette.running;
  return { completed: palette.completed, failed: palette.failed, cancelled: palette.cancelled, lost: palette.retrying }[ending];
}

function hatch(context: CanvasRenderingContext2D, x: number, top: number, width: number, colour: string): void {
  const height = BAR_HEIGHT - 6;
  context.save();
  context.beginPath();
  context.rect(x, top + 3, width, height);
  context.clip();
  context.strokeStyle = colour;
  context.globalAlpha = 0.55;
  context.beginPath();
  // A bar that is far wider than the view has no more strokes than the view can show.
  for (let at = Math.max(x, -20) - height; at < Math.min(x + width, context.canvas.width); at += 5) {
    context.moveTo(at, top + 3 + height);
    context.lineTo(at + height, top + 3);
  }
  context.stroke();
  context.restore();
}

function paintArrows(context: CanvasRenderingContext2D, { arrows, scale, scrollTop }: Picture, palette: Palette): void {
  context.strokeStyle = palette.accent;
  context.fillStyle = palette.accent;
  context.lineWidth = 1.25;
  const middle = (row: number): number => row * ROW_HEIGHT + ROW_HEIGHT / 2 - scrollTop;
  for (const { from, to, left, right } of arrows) {
    const [x1, x2] = [scale.x(left), scale.x(right)];
    const [y1, y2] = [middle(from), middle(to)];
    const bend = Math.max(12, (x2 - x1) / 2);
    context.beginPath();
    context.moveTo(x1, y1);
    context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
    context.stroke();
    context.beginPath();
    context.moveTo(x2 + 1, y2);
    context.lineTo(x2 - 6, y2 - 3.5);
    context.lineTo(x2 - 6, y2 + 3.5);
    context.fill();
  }
}
