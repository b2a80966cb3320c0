/** Paints on one canvas everything that is not an element of the page. */

import type { Size } from '../geometry';
import { isFrame } from '../shape';
import type { Stage } from '../stage';
import { visibleBox, type View } from '../view';
import { paintBlocks } from './blocks';
import { paintCards } from './painted-cards';
import type { Colours } from './colours';
import { paintFrames } from './painted-frames';
import { paintLines } from './lines';
import { BLOCKS_BELOW, type Picture } from './picture';

/** Paint what a view of this size shows; tells whether there was anything. */
export function paintOverview(canvas: HTMLCanvasElement, stage: Stage, colours: Colours, view: View, size: Size): boolean {
  const brush = canvas.getContext('2d');
  if (!brush) return false;
  const ratio = fitToScreen(canvas, size);
  const { x, y, zoom } = view;
  brush.setTransform(1, 0, 0, 1, 0, 0);
  brush.clearRect(0, 0, canvas.width, canvas.height);
  brush.setTransform(ratio * zoom, 0, 0, ratio * zoom, ratio * x, ratio * y);
  return paint({ brush, stage, colours, zoom, seen: visibleBox(view, size) });
}

/** Give the canvas as many dots as the screen has, and return how many there are for each CSS pixel. */
export function fitToScreen(canvas: HTMLCanvasElement, size: Size): number {
  const ratio = globalThis.devicePixelRatio || 1;
  const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.style.width = `${size.width}px`;
  canvas.style.height = `${size.height}px`;
  return ratio;
}

function paint(picture: Picture): boolean {
  const { stage, seen } = picture;
  const { nodes, grid } = stage.scene.shape;
  const inView = withCarried(stage, grid.query(seen)).filter((id) => !stage.handed?.has(id));
  const frames = inView.filter((id) => isFrame(nodes.get(id)));
  const cards = inView.filter((id) => !isFrame(nodes.get(id)));
  paintFrames(picture, frames);
  const lines = paintLines(picture);
  if (picture.zoom < BLOCKS_BELOW) paintBlocks(picture, cards);
  else paintCards(picture, cards);
  return lines > 0 || inView.length > 0;
}

/** Outer frames first. What is carried may come from out of view. */
function withCarried({ scene, carried }: Stage, ids: Set<string>): string[] {
  for (const id of carried?.ids ?? []) if (scene.shape.boxes.has(id)) ids.add(id);
  const { depths } = scene.shape;
  return [...ids].sort((a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0));
}
