/** Paints the bars of the Gantt. Colours come from the page's tokens. */

import type { Span } from '../model/spans';
import type { Scale } from './scale';

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
  /** How long it usually takes, in milliseconds; null when it never ran. */
  readonly usual: number | null;
}

export type Palette = Readonly<Record<'line' | 'ink' | 'soft' | 'accent' | 'accentSoft' | 'pending' | 'running' | 'completed' | 'failed' | 'cancelled' | 'retrying' | 'surface', string>>;

export interface Picture {
  readonly rows: readonly Row[];
  readonly scale: Scale;
  /** The first row in view, and how far it is scrolled out, in pixels. */
  readonly scrollTop: number;
  readonly height: number;
  readonly now: number;
  readonly playhead: number | null;
  readonly ticks: readonly { time: number; since: number }[];
  /** Arrows from what a row waited for. */
  readonly arrows: readonly { from: number; to: number; at: number }[];
}

/** Paint everything that is in view. */
export function paint(context: CanvasRenderingContext2D, picture: Picture, palette: Palette): void {
  const { scale, height, ticks, playhead } = picture;
  context.clearRect(0, 0, scale.width, height);
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  for (const tick of ticks) line(context, scale.x(tick.time), 0, height);
  const first = Math.floor(picture.scrollTop / ROW_HEIGHT);
  const last = Math.min(picture.rows.length, first + Math.ceil(height / ROW_HEIGHT) + 1);
  for (let index = first; index < last; index += 1) {
    paintRow(context, picture.rows[index]!, index * ROW_HEIGHT - picture.scrollTop, picture, palette);
  }
  paintArrows(context, picture, palette);
  if (playhead !== null) {
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
  paintUsual(context, row, top, picture, palette);
  for (const span of row.spans) paintSpan(context, span, row, top, scale, now, palette);
}

/** Where the running attempt would end if it took as long as usual. */
function paintUsual(context: CanvasRenderingContext2D, row: Row, top: number, { scale, now }: Picture, palette: Palette): void {
  const open = row.spans.at(-1);
  if (row.usual === null || open?.kind !== 'running' || open.to !== null) return;
  const from = scale.x(now);
  const to = scale.x(open.from + row.usual);
  if (to <= from) return;
  context.setLineDash([3, 3]);
  context.strokeStyle = palette.running;
  context.strokeRect(from + 0.5, top + 0.5, to - from, BAR_HEIGHT - 1);
  context.setLineDash([]);
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
  for (const { from, to, at } of arrows) {
    const x = scale.x(at);
    const y1 = from * ROW_HEIGHT + ROW_HEIGHT / 2 - scrollTop;
    const y2 = to * ROW_HEIGHT + ROW_HEIGHT / 2 - scrollTop;
    context.beginPath();
    context.moveTo(x, y1);
    context.bezierCurveTo(x + 10, y1, x - 10, y2, x, y2);
    context.stroke();
    context.beginPath();
    context.arc(x, y2, 2.5, 0, 7);
    context.fill();
  }
}
