import { describe, expect, it } from 'vitest';

import { panFor } from '../../src/canvas/gestures/auto-pan';
import { contains } from '../../src/canvas/geometry';
import { clampZoom, fitView, MAX_ZOOM, MIN_ZOOM, revealing, toScene, toScreen, visibleBox, zoomedAt } from '../../src/canvas/view';

const size = { width: 1000, height: 600 };

describe('fitting', () => {
  it('shows the whole box, centred, with a margin', () => {
    const box = { x: -500, y: 200, width: 4000, height: 900 };
    const view = fitView(box, size, { margin: 50 });
    expect(contains(visibleBox(view, size), box)).toBe(true);
    expect(view.zoom).toBeCloseTo(900 / 4000);
    expect(toScreen(view, { x: 1500, y: 650 })).toEqual({ x: 500, y: 300 });
  });

  it('never makes cards larger than they are, nor smaller than the least zoom', () => {
    expect(fitView({ x: 0, y: 0, width: 10, height: 10 }, size).zoom).toBe(1);
    expect(fitView({ x: 0, y: 0, width: 1e9, height: 10 }, size).zoom).toBe(MIN_ZOOM);
    expect(fitView({ x: 0, y: 0, width: 1e6, height: 10 }, size, { minZoom: 0 }).zoom).toBeLessThan(MIN_ZOOM);
  });

  it('leaves room on screens that are smaller than the margins', () => {
    expect(fitView({ x: 0, y: 0, width: 400, height: 400 }, { width: 60, height: 60 }).zoom).toBeGreaterThan(0);
  });
});

describe('zooming', () => {
  it('keeps what is under the pointer in its place', () => {
    const at = { x: 320, y: 77 };
    const before = { x: 12, y: -40, zoom: 0.8 };
    const after = zoomedAt(before, at, 1.3);
    expect(toScene(after, at).x).toBeCloseTo(toScene(before, at).x);
    expect(toScene(after, at).y).toBeCloseTo(toScene(before, at).y);
  });

  it('stays within bounds', () => {
    expect(clampZoom(99)).toBe(MAX_ZOOM);
    expect(zoomedAt({ x: 0, y: 0, zoom: 1 }, { x: 0, y: 0 }, 0).zoom).toBe(MIN_ZOOM);
  });
});

describe('revealing', () => {
  const view = { x: 0, y: 0, zoom: 1 };

  it('moves nothing when the box is in view', () => {
    expect(revealing(view, { x: 100, y: 100, width: 224, height: 72 }, size)).toEqual(view);
  });

  it('moves no further than to the margin', () => {
    expect(revealing(view, { x: 1200, y: 100, width: 224, height: 72 }, size)).toEqual({ x: 1000 - 32 - 1424, y: 0, zoom: 1 });
    expect(revealing(view, { x: 100, y: -90, width: 224, height: 72 }, size)).toEqual({ x: 0, y: 32 + 90, zoom: 1 });
  });

  it('centres what is larger than the screen', () => {
    expect(revealing(view, { x: 0, y: 0, width: 3000, height: 72 }, size).x).toBe(500 - 1500);
  });
});

describe('panning by itself while dragging', () => {
  const middle = { x: 500, y: 300 };

  it('pulls only near the border, and more the nearer', () => {
    expect(panFor(middle, { x: 500, y: 300 }, size)).toBeNull();
    expect(panFor(middle, { x: 10, y: 300 }, size)).toMatchObject({ y: 0 });
    expect(panFor(middle, { x: 10, y: 300 }, size)!.x).toBeGreaterThan(panFor(middle, { x: 30, y: 300 }, size)!.x);
    expect(panFor(middle, { x: 995, y: 595 }, size)!.x).toBeLessThan(0);
    expect(panFor(middle, { x: 5000, y: 300 }, size)!.x).toBe(-16);
  });

  it('does not pull to the border that the drag comes from', () => {
    expect(panFor({ x: 4, y: 4 }, { x: 20, y: 20 }, size)).toBeNull();
    expect(panFor({ x: 20, y: 300 }, { x: 4, y: 300 }, size)).not.toBeNull();
  });
});
