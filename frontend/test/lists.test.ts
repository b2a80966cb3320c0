import { describe, expect, it } from 'vitest';

import { moved } from '../src/lists/grid/walking';
import { Choice } from '../src/lists/runs/choice';
import { fromLocalField, localField } from '../src/lists/runs/moments';

describe('choosing rows', () => {
  const order = ['a', 'b', 'c', 'd', 'e'];

  it('chooses a range from the last one, in both directions', () => {
    const choice = new Choice();
    choice.set('b', true);
    choice.setRange('d', true, order);
    expect(choice.all).toEqual(['b', 'c', 'd']);
    choice.setRange('a', true, order);
    expect([...choice.all].sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('takes a range out of the choice', () => {
    const choice = new Choice();
    choice.setAll(order);
    choice.set('b', false);
    choice.setRange('d', false, order);
    expect(choice.all).toEqual(['a', 'e']);
  });

  it('chooses one alone when the last one is not there', () => {
    const choice = new Choice();
    choice.setRange('c', true, order);
    expect(choice.all).toEqual(['c']);
    choice.set('gone', true);
    choice.setRange('e', true, order);
    expect(choice.all).toEqual(['c', 'gone', 'e']);
  });
});

describe('walking a grid', () => {
  const size = { rows: 30, columns: 4 };
  const go = (key: string, from: [number, number], held: Partial<KeyboardEvent> = {}): unknown =>
    moved({ key, ctrlKey: false, metaKey: false, altKey: false, ...held }, { row: from[0], column: from[1] }, size);

  it('goes a step, and stays inside', () => {
    expect(go('ArrowRight', [2, 1])).toEqual({ row: 2, column: 2 });
    expect(go('ArrowUp', [0, 1])).toEqual({ row: 0, column: 1 });
    expect(go('PageDown', [25, 1])).toEqual({ row: 29, column: 1 });
  });

  it('goes to the ends', () => {
    expect(go('End', [2, 1])).toEqual({ row: 2, column: 3 });
    expect(go('Home', [2, 1], { ctrlKey: true })).toEqual({ row: 0, column: 0 });
    expect(go('ArrowDown', [2, 1], { metaKey: true })).toEqual({ row: 29, column: 1 });
  });

  it('leaves other keys alone', () => {
    expect(go('a', [0, 0])).toBeNull();
    expect(go('ArrowLeft', [0, 1], { altKey: true })).toBeNull();
  });
});

describe('fields of moments', () => {
  it('writes what it reads', () => {
    expect(localField(fromLocalField('2026-03-01T09:05')!)).toBe('2026-03-01T09:05');
    expect(fromLocalField('')).toBeNull();
    expect(fromLocalField('soon')).toBeNull();
  });
});
