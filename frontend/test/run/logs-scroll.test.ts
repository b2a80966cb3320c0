import { describe, expect, it } from 'vitest';

import { ScrollMap, TALLEST } from '../../src/run/logs/scroll-map';

function mapOf(height: number): ScrollMap {
  const map = new ScrollMap();
  map.height = height;
  map.view = 500;
  map.settle();
  return map;
}

describe('the scroll bar', () => {
  it('of a short log is at the very pixel', () => {
    const map = mapOf(10_000);
    map.move(3_000, false);
    expect([map.top, map.shift, map.tall]).toEqual([3_000, 0, 10_000]);
    map.move(9_999, false);
    expect(map.top).toBe(9_500);
  });

  it('of a tall log: dragging goes in proportion, the wheel by the pixel', () => {
    const map = mapOf(TALLEST * 10);
    map.move((TALLEST - 500) / 2, true);
    expect(map.top).toBe((TALLEST * 10 - 500) / 2);
    const before = map.top;
    map.move((TALLEST - 500) / 2 + 120, false);
    expect(map.top).toBe(before + 120);
  });

  it('both ends can be reached', () => {
    const map = mapOf(TALLEST * 10);
    map.move(TALLEST - 500, true);
    expect(map.top).toBe(map.furthest);
    map.move(0, true);
    expect(map.top).toBe(0);
  });

  it('a bar that comes to its end before the log does is put back', () => {
    const map = mapOf(TALLEST * 10);
    map.goTo(2_000);
    expect(map.settle()).toBe(200);
    expect(map.move(0, false)).toBe(true);
    expect(map.top).toBe(1_800);
    expect(map.settle()).toBe(180);
  });

  it('what is seen is drawn where the bar is', () => {
    const map = mapOf(TALLEST * 10);
    map.goTo(10_000_000);
    const bar = map.settle();
    expect(map.top + map.shift).toBe(bar);
    map.goTo(10_000_040);
    expect(map.top + map.shift).toBe(bar);
  });

  it('a log that fits does not scroll', () => {
    const map = mapOf(300);
    map.goTo(200);
    expect([map.top, map.furthest, map.settle()]).toEqual([0, 0, 0]);
  });
});
