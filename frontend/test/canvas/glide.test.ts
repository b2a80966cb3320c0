import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { Glide, viewBetween } from '../../src/canvas/glide';
import type { View } from '../../src/canvas/view';

const from: View = { x: 0, y: 100, zoom: 0.5 };
const to: View = { x: 200, y: -100, zoom: 1 };

/** Frames that come when they are asked for. */
let waiting = new Map<number, (now: number) => void>();
let asked = 0;

function frame(now: number) {
  const due = waiting;
  waiting = new Map();
  for (const act of due.values()) act(now);
}

function standing(isStill = false) {
  const stage = { view: from, setView: (view: View) => void (stage.view = view) };
  return { stage, glide: new Glide(stage, () => isStill) };
}

beforeEach(() => {
  waiting = new Map();
  vi.stubGlobal('requestAnimationFrame', (act: (now: number) => void) => (waiting.set(++asked, act), asked));
  vi.stubGlobal('cancelAnimationFrame', (id: number) => waiting.delete(id));
});
afterEach(() => vi.unstubAllGlobals());

it('goes straight from one view to the other, slow at both ends', () => {
  expect(viewBetween(from, to, 0)).toEqual(from);
  expect(viewBetween(from, to, 0.5)).toEqual({ x: 100, y: 0, zoom: 0.75 });
  expect(viewBetween(from, to, 1)).toBe(to);
  expect(viewBetween(from, to, 0.1).x).toBeLessThan(20);
  expect(viewBetween(from, to, 0.9).x).toBeGreaterThan(180);
});

it('arrives where it was sent, over several frames', () => {
  const { stage, glide } = standing();
  glide.go(to, true);
  frame(1000);
  expect(stage.view).toEqual(from);
  frame(1100);
  expect(stage.view.x).toBeGreaterThan(0);
  expect(stage.view.x).toBeLessThan(200);
  frame(2000);
  expect(stage.view).toBe(to);
  expect(waiting.size).toBe(0);
});

it('is there at once when it is not animated, or motion is to be reduced', () => {
  for (const [isStill, animated] of [[false, false], [true, true]] as const) {
    const { stage, glide } = standing(isStill);
    glide.go(to, animated);
    expect(stage.view).toBe(to);
  }
});

it('ends when the view is sent elsewhere', () => {
  const { stage, glide } = standing();
  glide.go(to, true);
  frame(1000);
  glide.go({ x: 7, y: 7, zoom: 1 }, false);
  frame(1100);
  expect(stage.view).toEqual({ x: 7, y: 7, zoom: 1 });
});
