import { expect, it } from 'vitest';

import { heldView, type Held } from '../../src/canvas/held';
import { MAX_ZOOM, MIN_ZOOM, toScene, toScreen } from '../../src/canvas/view';

const before = { x: 30, y: -12, zoom: 0.8 };
const held = (from: { x: number; y: number }, screen: { x: number; y: number }): Held => ({ scene: toScene(before, from), screen });

it('pans with one finger', () => {
  expect(heldView(before.zoom, [held({ x: 100, y: 100 }, { x: 140, y: 90 })])).toEqual({ x: 70, y: -22, zoom: 0.8 });
});

it('keeps both points under two fingers that move apart', () => {
  const fingers = [held({ x: 100, y: 100 }, { x: 60, y: 120 }), held({ x: 200, y: 100 }, { x: 260, y: 120 })];
  const after = heldView(before.zoom, fingers);
  expect(after.zoom).toBeCloseTo(1.6);
  for (const { scene, screen } of fingers) {
    expect(toScreen(after, scene).x).toBeCloseTo(screen.x);
    expect(toScreen(after, scene).y).toBeCloseTo(screen.y);
  }
});

it('zooms within bounds, around the middle of the fingers', () => {
  const apart = [held({ x: 100, y: 100 }, { x: -900, y: 100 }), held({ x: 200, y: 100 }, { x: 1200, y: 100 })];
  const after = heldView(before.zoom, apart);
  expect(after.zoom).toBe(MAX_ZOOM);
  expect(toScene(after, { x: 150, y: 100 }).x).toBeCloseTo(toScene(before, { x: 150, y: 100 }).x);
  const together = [held({ x: 100, y: 100 }, { x: 150, y: 100 }), held({ x: 200, y: 100 }, { x: 150, y: 100 })];
  expect(heldView(before.zoom, together).zoom).toBe(MIN_ZOOM);
});

it('keeps the zoom while two fingers are on the same point', () => {
  const at = { x: 100, y: 100 };
  expect(heldView(before.zoom, [held(at, at), held(at, at)])).toEqual(before);
});
