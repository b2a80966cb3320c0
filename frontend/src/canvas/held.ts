/** The view that follows from what holds it. */

import { centreOf, boxBetween, type Point } from './geometry';
import { clampZoom, type View } from './view';

export interface Held {
  /** The scene's point that was taken hold of. */
  readonly scene: Point;
  /** Where it is to be on the screen. */
  readonly screen: Point;
}

/** Return the view that shows each point where it is held; with two of them their distance gives the zoom. */
export function heldView(zoom: number, [first, second]: readonly Held[]): View {
  if (!first) throw new Error('Nothing holds the view: give at least one point.');
  if (!second) return showing(first, zoom);
  const apart = distance(first.scene, second.scene);
  const next = apart ? clampZoom(distance(first.screen, second.screen) / apart) : zoom;
  return showing({ scene: middle(first.scene, second.scene), screen: middle(first.screen, second.screen) }, next);
}

function showing({ scene, screen }: Held, zoom: number): View {
  return { x: screen.x - scene.x * zoom, y: screen.y - scene.y * zoom, zoom };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function middle(a: Point, b: Point): Point {
  return centreOf(boxBetween(a, b));
}
