/** Paints cards that are near enough to be read: the same picture as cards/TaskCard.svelte. */

import type { Box } from '../geometry';
import { STATUS_ICONS } from '../icons';
import type { NodeLook } from '../scene';
import { TONES } from '../tones';
import { paintOutlines } from './blocks';
import { paintIcon } from './painted-icons';
import { DETAILS_FROM, type Picture } from './picture';
import { paintText } from './text';

const RADIUS = 9;
const TILE = 28;
const INSET = 10;
const TEXT_LEFT = INSET + TILE + 10;
const CHIP = 22;

/** Paint the cards, each layer of all of them at once. */
export function paintCards(picture: Picture, ids: readonly string[]): void {
  paintPlates(picture, ids);
  for (const id of ids) paintFace(picture, picture.stage.boxOf(id)!, picture.stage.scene.look(id));
  paintOutlines(picture, ids);
}

function paintPlates({ brush, stage, colours, zoom }: Picture, ids: readonly string[]): void {
  brush.beginPath();
  for (const id of ids) {
    const { x, y, width, height } = stage.boxOf(id)!;
    brush.roundRect(x, y, width, height, RADIUS);
  }
  brush.fillStyle = colours.surface;
  brush.fill();
  brush.strokeStyle = colours.lineStrong;
  brush.lineWidth = Math.max(1, 0.6 / zoom);
  brush.stroke();
}

function paintFace(picture: Picture, box: Box, look: NodeLook): void {
  const { brush } = picture;
  brush.globalAlpha = look.faded || look.disabled ? 0.55 : 1;
  paintTile(picture, box, look);
  const width = box.width - TEXT_LEFT - INSET;
  const x = box.x + TEXT_LEFT;
  const { ink, inkSoft } = picture.colours;
  paintText(picture, look.title, { x, y: box.y + 19, width: width - CHIP - 6, size: 13, weight: 600, ink });
  if (picture.zoom >= DETAILS_FROM) {
    paintText(picture, look.subtitle, { x, y: box.y + 36, width, size: 12, weight: 400, ink: inkSoft });
    paintWord(picture, box, look);
    paintPriority(picture, box, look);
  }
  paintProgress(picture, box, look);
  brush.globalAlpha = 1;
}

function paintTile(picture: Picture, box: Box, look: NodeLook): void {
  const { brush, colours } = picture;
  const tone = look.status === null ? null : colours.tones[TONES[look.status]];
  const [x, y] = [box.x + INSET, box.y + INSET];
  brush.fillStyle = tone?.soft ?? colours.accentSoft;
  brush.beginPath();
  brush.roundRect(x, y, TILE, TILE, 7);
  brush.fill();
  if (look.status !== null) paintIcon(picture, STATUS_ICONS[look.status], x + 6, y + 6, tone!.ink);
  else paintText(picture, initialOf(look), { x: x + TILE / 2, y: y + TILE / 2 + 1, width: TILE, size: 13, weight: 650, ink: colours.accent, align: 'center' });
}

/** What stands for a task that has no status: the first letter of its executor. */
export function initialOf({ subtitle, title }: NodeLook): string {
  return (/[\p{L}\p{N}]/u.exec(subtitle || title)?.[0] ?? '·').toUpperCase();
}

function paintWord(picture: Picture, box: Box, look: NodeLook): void {
  if (look.status === null || look.word === null) return;
  const ink = picture.colours.tones[TONES[look.status]].ink;
  paintText(picture, look.word, { x: box.x + TEXT_LEFT, y: box.y + 55, width: 110, size: 11.5, weight: 600, ink });
  if (look.elapsed === null) return;
  const right = box.x + box.width - INSET;
  paintText(picture, look.elapsed, { x: right, y: box.y + 55, width: 60, size: 11.5, weight: 400, ink: picture.colours.inkSoft, align: 'right' });
}

function paintPriority(picture: Picture, box: Box, look: NodeLook): void {
  const strong = look.priority === 0;
  const ink = strong ? picture.colours.accent : picture.colours.inkSoft;
  const x = box.x + box.width - INSET;
  paintText(picture, `P${look.priority}`, { x, y: box.y + 19, width: CHIP, size: 11, weight: strong ? 700 : 500, ink, align: 'right' });
}

function paintProgress({ brush, colours }: Picture, box: Box, look: NodeLook): void {
  if (look.progress === null || look.status === null) return;
  const width = box.width - 2 * INSET;
  const y = box.y + box.height - 7;
  brush.fillStyle = colours.tones.pending.soft;
  brush.fillRect(box.x + INSET, y, width, 3);
  brush.fillStyle = colours.tones[TONES[look.status]].ink;
  brush.fillRect(box.x + INSET, y, width * look.progress, 3);
}
