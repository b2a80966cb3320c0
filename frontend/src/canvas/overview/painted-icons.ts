/** Paints icons. */

import type { Icon } from '../icons';
import type { Picture } from './picture';

const paths = new Map<string, Path2D>();

export function paintIcon({ brush }: Picture, icon: Icon, x: number, y: number, ink: string): void {
  const alpha = brush.globalAlpha;
  brush.translate(x, y);
  brush.lineCap = 'round';
  if (icon.fill !== undefined) {
    brush.fillStyle = ink;
    brush.fill(pathFor(icon.fill));
  }
  brush.strokeStyle = ink;
  for (const stroke of icon.strokes ?? []) {
    brush.globalAlpha = alpha * (stroke.alpha ?? 1);
    brush.lineWidth = stroke.width;
    brush.setLineDash([...(stroke.dash ?? [])]);
    brush.stroke(pathFor(stroke.path));
  }
  brush.setLineDash([]);
  brush.globalAlpha = alpha;
  brush.lineCap = 'butt';
  brush.translate(-x, -y);
}

function pathFor(text: string): Path2D {
  let path = paths.get(text);
  if (!path) {
    path = new Path2D(text);
    paths.set(text, path);
  }
  return path;
}
