/** Paints expanded groups. */

import { GROUP_HEAD } from '../shape';
import { paintOutlines } from './blocks';
import type { Picture } from './picture';
import { paintText } from './text';

const RADIUS = 12;
const NAMES_FROM = 0.12;

export function paintFrames(picture: Picture, ids: readonly string[]): void {
  const { brush, stage, colours, zoom } = picture;
  for (const id of ids) {
    const { x, y, width, height } = stage.boxOf(id)!;
    brush.fillStyle = colours.sunken;
    brush.globalAlpha = 0.7;
    brush.beginPath();
    brush.roundRect(x, y, width, height, RADIUS);
    brush.fill();
    brush.globalAlpha = 1;
    brush.strokeStyle = colours.lineStrong;
    brush.lineWidth = Math.max(1, 0.6 / zoom);
    brush.stroke();
  }
  if (zoom >= NAMES_FROM) ids.forEach((id) => paintName(picture, id));
  paintOutlines(picture, ids);
}

/** From far away the name is written larger, so that it stays readable. */
function paintName(picture: Picture, id: string): void {
  const box = picture.stage.boxOf(id)!;
  const size = Math.min(26, Math.max(13, 9 / picture.zoom));
  const text = picture.stage.scene.look(id).title;
  const middle = box.y + Math.min(GROUP_HEAD, box.height) / 2;
  paintText(picture, text, { x: box.x + 16, y: middle, width: box.width - 32, size, weight: 600, ink: picture.colours.ink });
}
