/** The whole graph, small. */

import { boxAround, contains, padded, type Box, type Size } from '../geometry';
import { isFrame } from '../shape';
import type { Stage } from '../stage';
import { TONES } from '../tones';
import { fitView, toScreen, visibleBox, type View } from '../view';
import type { Colours } from './colours';
import { fitToScreen } from './overview';

export const MINIMAP_SIZE: Size = { width: 184, height: 124 };
const MARGIN = 8;
/** No card becomes smaller than this. */
const LEAST_DOT = 1.2;

/** Return the view that shows the whole graph in the minimap; null of an empty one. */
export function minimapView(stage: Stage): View | null {
  const whole = boxAround(stage.scene.shape.boxes.values());
  return whole && fitView(padded(whole, 1, 1), MINIMAP_SIZE, { minZoom: 0, maxZoom: 0.12, margin: MARGIN });
}

/** Paint every card as a dot in the colour of its status. */
export function paintMinimap(canvas: HTMLCanvasElement, stage: Stage, colours: Colours, view: View): void {
  const brush = canvas.getContext('2d');
  if (!brush) return;
  const ratio = fitToScreen(canvas, MINIMAP_SIZE);
  brush.setTransform(1, 0, 0, 1, 0, 0);
  brush.clearRect(0, 0, canvas.width, canvas.height);
  brush.scale(ratio, ratio);
  for (const [colour, dots] of dotsByColour(stage, colours, view)) {
    brush.fillStyle = colour;
    for (const { x, y, width, height } of dots) brush.fillRect(x, y, width, height);
  }
}

function dotsByColour(stage: Stage, colours: Colours, view: View): Map<string, Box[]> {
  const { nodes, boxes } = stage.scene.shape;
  const found = new Map<string, Box[]>([[colours.line, []]]); // frames lie below everything
  for (const [id, box] of boxes) {
    const colour = isFrame(nodes.get(id)) ? colours.line : colourOf(stage, colours, id);
    const known = found.get(colour);
    if (known) known.push(dotOf(box, view));
    else found.set(colour, [dotOf(box, view)]);
  }
  return found;
}

function colourOf({ scene }: Stage, colours: Colours, id: string): string {
  if (scene.selected.has(id)) return colours.accent;
  const { status } = scene.look(id);
  if (status === null) return colours.inkSoft;
  return status === 'pending' || status === 'waiting' ? colours.lineStrong : colours.tones[TONES[status]].ink;
}

function dotOf(box: Box, view: View): Box {
  const corner = toScreen(view, box);
  return { ...corner, width: Math.max(LEAST_DOT, box.width * view.zoom), height: Math.max(LEAST_DOT, box.height * view.zoom) };
}

/** Return where the main view is in the minimap. */
export function windowIn(stage: Stage, view: View): Box {
  const seen = visibleBox(stage.view, stage.size);
  const corner = toScreen(view, seen);
  return { ...corner, width: seen.width * view.zoom, height: seen.height * view.zoom };
}

/** Whether no card is out of the main view. */
export function isAllInView({ scene, view, size }: Stage): boolean {
  const whole = boxAround(scene.shape.boxes.values());
  return whole === null || contains(visibleBox(view, size), whole);
}
