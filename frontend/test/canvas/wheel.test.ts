import { describe, expect, it } from 'vitest';

import { wheeledView, type Turn } from '../../src/canvas/gestures/wheel';
import { MAX_ZOOM, MIN_ZOOM, toScene } from '../../src/canvas/view';

const view = { x: 10, y: 20, zoom: 0.5 };
const at = { x: 300, y: 200 };
const turn = (more: Partial<Turn>): Turn => ({ deltaX: 0, deltaY: 0, deltaMode: 0, shiftKey: false, ctrlKey: false, metaKey: false, ...more });

describe('panning', () => {
  it('moves by as much as the wheel says, whatever the zoom', () => {
    expect(wheeledView(view, turn({ deltaX: 30, deltaY: -40 }), at)).toEqual({ x: -20, y: 60, zoom: 0.5 });
  });

  it('counts a line as twenty pixels', () => {
    expect(wheeledView(view, turn({ deltaY: 3, deltaMode: 1 }), at)).toEqual({ x: 10, y: -40, zoom: 0.5 });
  });

  it('goes sideways with Shift, once', () => {
    expect(wheeledView(view, turn({ deltaY: 40, shiftKey: true }), at)).toEqual({ x: -30, y: 20, zoom: 0.5 });
    expect(wheeledView(view, turn({ deltaX: 40, shiftKey: true }), at)).toEqual({ x: -30, y: 20, zoom: 0.5 });
  });
});

describe('zooming', () => {
  it.each([['ctrlKey'], ['metaKey']])('keeps what is under the pointer with %s', (key) => {
    const after = wheeledView(view, turn({ deltaY: -500, [key]: true }), at);
    expect(after.zoom).toBe(1);
    expect(toScene(after, at)).toEqual(toScene(view, at));
  });

  it('stays within bounds', () => {
    expect(wheeledView(view, turn({ deltaY: 1e4, ctrlKey: true }), at).zoom).toBe(MIN_ZOOM);
    expect(wheeledView(view, turn({ deltaY: -1e4, ctrlKey: true }), at).zoom).toBe(MAX_ZOOM);
  });

  it('takes the small steps of a pinch on a Mac for larger ones', () => {
    expect(wheeledView(view, turn({ deltaY: -50, ctrlKey: true }), at, true).zoom).toBe(1);
  });
});
