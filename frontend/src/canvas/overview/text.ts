/** Paints words that are cut to fit. */

import type { Picture } from './picture';

export interface Place {
  readonly x: number;
  /** The middle of the line. */
  readonly y: number;
  readonly width: number;
  readonly size: number;
  readonly weight: number;
  readonly ink: string;
  readonly align?: CanvasTextAlign;
}

const fitted = new Map<string, string>();
const MOST_KEPT = 20_000;

export function paintText({ brush, colours }: Picture, text: string, place: Place): void {
  const font = `${place.weight} ${place.size}px ${colours.font}`;
  if (brush.font !== font) brush.font = font;
  brush.fillStyle = place.ink;
  brush.textAlign = place.align ?? 'left';
  brush.textBaseline = 'middle';
  brush.fillText(fit(brush, text, place), place.x, place.y);
}

/** Cut a text to a width; measuring is slow, so that it is remembered. */
function fit(brush: CanvasRenderingContext2D, text: string, { width, size, weight }: Place): string {
  const key = `${weight} ${size} ${width} ${text}`;
  let known = fitted.get(key);
  if (known === undefined) {
    known = cut(text, (part) => brush.measureText(part).width <= width);
    if (fitted.size >= MOST_KEPT) fitted.clear();
    fitted.set(key, known);
  }
  return known;
}

/** Return the text, or as much of its beginning as fits with an ellipsis. */
export function cut(text: string, fits: (part: string) => boolean): string {
  if (fits(text)) return text;
  const letters = [...text];
  let [least, most] = [0, letters.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (fits(`${letters.slice(0, middle).join('')}…`)) least = middle;
    else most = middle - 1;
  }
  return `${letters.slice(0, least).join('')}…`;
}
