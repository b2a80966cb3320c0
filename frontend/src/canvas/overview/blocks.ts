/** Paints cards from far away: blocks in the colour of their status. */

import { markTone } from '../marks';
import { TONES } from '../tones';
import type { Picture } from './picture';

/** Paint blocks, all of one colour at a time. */
export function paintBlocks(picture: Picture, ids: readonly string[]): void {
  const byColour = new Map<string, string[]>();
  for (const id of ids) {
    const colour = blockColour(picture, id);
    const known = byColour.get(colour);
    if (known) known.push(id);
    else byColour.set(colour, [id]);
  }
  for (const [colour, members] of byColour) fill(picture, colour, members);
  paintOutlines(picture, ids);
}

function blockColour({ stage, colours }: Picture, id: string): string {
  const { status } = stage.scene.look(id);
  if (status === null) return colours.inkSoft;
  return status === 'pending' || status === 'waiting' ? colours.lineStrong : colours.tones[TONES[status]].ink;
}

/** No block is smaller than this on the screen. */
const LEAST = { width: 3, height: 1.6 };

function fill({ brush, stage, zoom }: Picture, colour: string, ids: readonly string[]): void {
  brush.fillStyle = colour;
  brush.beginPath();
  for (const id of ids) {
    const { x, y, width, height } = stage.boxOf(id)!;
    brush.rect(x, y, Math.max(width, LEAST.width / zoom), Math.max(height, LEAST.height / zoom));
  }
  brush.fill();
}

/** Paint the rings around cards: of a mark, of being selected, of where the keyboard stands, and of what failed of its own accord. */
export function paintOutlines(picture: Picture, ids: readonly string[]): void {
  paintMarks(picture, ids);
  const { brush, stage, colours, zoom } = picture;
  const { selected, current, dropTarget } = stage.scene;
  const width = Math.max(2, 2 / zoom);
  for (const id of ids) {
    const isChosen = selected.has(id) || id === current || id === dropTarget;
    if (!isChosen && !stage.scene.look(id).cause) continue;
    const { x, y, width: w, height: h } = stage.boxOf(id)!;
    brush.strokeStyle = !isChosen ? colours.tones[TONES.failed].ink : id === current ? colours.focus : colours.accent;
    brush.lineWidth = width;
    brush.beginPath();
    brush.roundRect(x - width, y - width, w + 2 * width, h + 2 * width, 9 + width);
    brush.stroke();
  }
}

function paintMarks({ brush, stage, colours, zoom }: Picture, ids: readonly string[]): void {
  brush.lineWidth = Math.max(2, 2 / zoom);
  for (const id of ids) {
    const { mark } = stage.scene.look(id);
    if (mark === null) continue;
    const { x, y, width, height } = stage.boxOf(id)!;
    brush.strokeStyle = colours.tones[markTone(mark)].ink;
    brush.beginPath();
    brush.roundRect(x, y, width, height, 9);
    brush.stroke();
  }
}
