/** Paints the edges. */

import { boundsOf, curveBetween, type Curve } from '../curves';
import { overlaps, type Box } from '../geometry';
import type { DrawnEdge } from '../lifted';
import type { EdgeState } from '../scene';
import type { Shape } from '../shape';
import type { Picture } from './picture';

interface Line {
  readonly edge: DrawnEdge;
  readonly curve: Curve;
  readonly bounds: Box;
}

const known = new WeakMap<Shape, readonly Line[]>();

/** The curves of all edges, worked out once for each shape. */
function linesOf(shape: Shape): readonly Line[] {
  let lines = known.get(shape);
  if (!lines) {
    lines = [...shape.edges.values()].map((edge) => lineOf(edge, shape.boxes.get(edge.source)!, shape.boxes.get(edge.target)!));
    known.set(shape, lines);
  }
  return lines;
}

function lineOf(edge: DrawnEdge, source: Box, target: Box): Line {
  const curve = curveBetween(source, target);
  return { edge, curve, bounds: boundsOf(curve) };
}

/** Paint the edges in view that are not elements of the page, and return how many they were. */
export function paintLines(picture: Picture): number {
  let count = 0;
  const styles = new Map<string, Curve[]>();
  for (const line of linesOf(picture.stage.scene.shape)) {
    const now = asCarried(picture, line);
    if (!overlaps(now.bounds, picture.seen) || isInPage(picture, line.edge)) continue;
    count += 1;
    const style = styleOf(picture, line.edge);
    const curves = styles.get(style);
    if (curves) curves.push(now.curve);
    else styles.set(style, [now.curve]);
  }
  for (const state of ORDER) for (const dash of ['solid', 'dashed']) stroke(picture, state, dash, styles.get(`${dash} ${state}`) ?? []);
  picture.brush.globalAlpha = 1;
  picture.brush.setLineDash([]);
  return count;
}

function styleOf({ stage: { scene } }: Picture, edge: DrawnEdge): string {
  return `${edge.required ? 'solid' : 'dashed'} ${scene.isEdgeSelected(edge.id) ? 'selected' : scene.edgeState(edge.id)}`;
}

function asCarried({ stage }: Picture, line: Line): Line {
  const { source, target } = line.edge;
  if (!stage.carried || !(stage.carried.ids.has(source) || stage.carried.ids.has(target))) return line;
  return lineOf(line.edge, stage.boxOf(source)!, stage.boxOf(target)!);
}

function isInPage({ stage }: Picture, edge: DrawnEdge): boolean {
  return stage.handed !== null && stage.handed.has(edge.source) && stage.handed.has(edge.target);
}

/** How wide the lines of the page are at zoom 1. */
const LINE_WIDTH = 1.5;
/** Below this zoom nobody sees the bend of a curve, and thousands of them would take too long. */
const STRAIGHT_BELOW = 0.06;

/** What matters most is painted last. */
const ORDER: readonly PaintedAs[] = ['idle', 'done', 'blocked', 'running', 'selected'];

type PaintedAs = EdgeState | 'selected';

function stroke({ brush, zoom, colours }: Picture, state: PaintedAs, dash: string, curves: readonly Curve[]): void {
  if (!curves.length) return;
  const width = 1 / zoom;
  const { ink, alpha } = edgePaint(state, colours);
  brush.strokeStyle = ink;
  brush.globalAlpha = alpha * quiet(state, zoom);
  brush.lineWidth = width;
  brush.setLineDash(dash === 'dashed' ? [5 * width, 4 * width] : []);
  brush.beginPath();
  for (const { from, to, bend } of curves) {
    brush.moveTo(from.x, from.y);
    if (zoom < STRAIGHT_BELOW) brush.lineTo(to.x, to.y);
    else brush.bezierCurveTo(from.x, from.y + bend, to.x, to.y - bend, to.x, to.y);
  }
  brush.stroke();
}

/** Lines are a pixel wide, which is painted fastest; they fade as the lines of the page get thinner, so that the cards are seen. */
function quiet(state: PaintedAs, zoom: number): number {
  const least = state === 'running' || state === 'selected' ? 0.6 : 0.3;
  return Math.min(1, Math.max(least, LINE_WIDTH * zoom));
}

function edgePaint(state: PaintedAs, colours: Picture['colours']): { ink: string; alpha: number } {
  if (state === 'selected') return { ink: colours.accent, alpha: 1 };
  if (state === 'running') return { ink: colours.tones['in-progress'].ink, alpha: 1 };
  if (state === 'blocked') return { ink: colours.failed, alpha: 0.8 };
  if (state === 'done') return { ink: colours.tones.completed.ink, alpha: 0.7 };
  return { ink: colours.inkSoft, alpha: 0.68 };
}
