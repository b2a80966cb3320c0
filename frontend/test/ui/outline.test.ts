import { describe, expect, it } from 'vitest';

import { actOfKey, type Act, type Press } from '../../src/ui/outline/acts';
import { isInsideItself, isNoMove, moveByDrop, moveByKey, partAt, type Move } from '../../src/ui/outline/moving';
import { goTo, selectAll, type Selection } from '../../src/ui/outline/selecting';
import { Tree, type TreeItem } from '../../src/ui/outline/tree';
import { stepByKey, TypeAhead } from '../../src/ui/outline/walking';
import { scrollTo, shownIndexes, windowOf } from '../../src/ui/outline/window';

/** `a`, `b` with `b1` and `b2` (with `b2x`), `c`. */
const ITEMS: TreeItem[] = ['a', 'b', 'c', 'b.b1', 'b.b2', 'b2.b2x'].map((written) => {
  const [parentId, id] = written.includes('.') ? written.split('.') : [null, written];
  return { id: id!, parentId: parentId ?? null, name: id! };
});

const tree = new Tree(ITEMS);
const ids = (collapsed: string[] = []): string[] => tree.rows(new Set(collapsed)).map(({ item }) => item.id);
const rowOf = (id: string, collapsed: string[] = []) => tree.rows(new Set(collapsed)).find(({ item }) => item.id === id)!;

describe('rows', () => {
  it('stand in order, with level, place and number of siblings', () => {
    expect(ids()).toEqual(['a', 'b', 'b1', 'b2', 'b2x', 'c']);
    expect(rowOf('b2')).toMatchObject({ level: 2, position: 2, siblings: 2, isExpanded: true });
    expect(rowOf('a')).toMatchObject({ level: 1, position: 1, siblings: 3, isExpanded: null });
  });

  it('what is collapsed hides what is in it', () => {
    expect(ids(['b'])).toEqual(['a', 'b', 'c']);
    expect(rowOf('b', ['b']).isExpanded).toBe(false);
  });

  it('a parent that is not there, or is the item itself, is none', () => {
    const odd = new Tree([
      { id: 'x', parentId: 'gone', name: 'x' },
      { id: 'y', parentId: 'y', name: 'y' },
    ]);
    expect(odd.rows(new Set()).map(({ level }) => level)).toEqual([1, 1]);
  });

  it('of a selection, what is below another goes with it', () => {
    expect(tree.topmost(new Set(['b2x', 'c', 'b']))).toEqual(['b', 'c']);
    expect(tree.ancestorsOf('b2x')).toEqual(['b2', 'b']);
  });

  it('5,000 items are arranged in one pass', () => {
    const many = new Tree(Array.from({ length: 5000 }, (_, index) => ({ id: `${index}`, parentId: index % 20 ? `${index - (index % 20)}` : null, name: '' })));
    expect(many.rows(new Set())).toHaveLength(5000);
  });
});

describe('walking', () => {
  const rows = tree.rows(new Set(['b2']));
  const at = (id: string) => rows.findIndex(({ item }) => item.id === id);
  const step = (key: string, id: string) => {
    const found = stepByKey(key, rows, at(id), 2);
    return found && 'to' in found ? rows[found.to]!.item.id : found;
  };

  it.each([
    ['ArrowDown', 'a', 'b'],
    ['ArrowUp', 'a', 'a'],
    ['ArrowDown', 'c', 'c'],
    ['Home', 'b1', 'a'],
    ['End', 'a', 'c'],
    ['PageDown', 'a', 'b1'],
    ['ArrowRight', 'b', 'b1'],
    ['ArrowLeft', 'b1', 'b'],
  ])('%s from %s goes to %s', (key, from, to) => {
    expect(step(key, from)).toBe(to);
  });

  it('right opens, left closes, at the top there is nowhere to go', () => {
    expect(step('ArrowRight', 'b2')).toEqual({ expand: true });
    expect(step('ArrowLeft', 'b')).toEqual({ expand: false });
    expect(step('ArrowLeft', 'a')).toBeNull();
    expect(step('ArrowRight', 'a')).toBeNull();
    expect(stepByKey('ArrowDown', [], -1, 2)).toBeNull();
  });
});

describe('type-ahead', () => {
  const names = ['Apple', 'Banana', 'Blueberry', 'Cherry'];

  it('letters that follow each other are one word, after a pause a new one', () => {
    const typed = new TypeAhead();
    expect(typed.find('b', names, 0, 0)).toBe(1);
    expect(typed.find('l', names, 1, 300)).toBe(2);
    expect(typed.find('a', names, 2, 2000)).toBe(0);
    expect(typed.find('z', names, 0, 4000)).toBeNull();
  });

  it('the same letter again goes on to the next', () => {
    const typed = new TypeAhead();
    expect([typed.find('b', names, 0, 0), typed.find('b', names, 1, 100), typed.find('b', names, 2, 200)]).toEqual([1, 2, 1]);
  });
});

describe('selecting', () => {
  const order = ids();
  const from = (id: string): Selection => ({ selected: [id], active: id, anchor: id });

  it('a range goes from the anchor, both ways', () => {
    const down = goTo(from('b'), 'b2', order, 'range');
    expect(down.selected).toEqual(['b', 'b1', 'b2']);
    expect(goTo(down, 'a', order, 'range').selected).toEqual(['a', 'b']);
  });

  it('toggling adds and takes away, and is the new anchor', () => {
    const two = goTo(from('a'), 'c', order, 'toggle');
    expect(two.selected).toEqual(['a', 'c']);
    expect(goTo(two, 'a', order, 'toggle')).toMatchObject({ selected: ['c'], anchor: 'a' });
  });

  it('keep moves the focus only; an anchor that is gone is replaced', () => {
    expect(goTo(from('a'), 'c', order, 'keep')).toMatchObject({ selected: ['a'], active: 'c' });
    expect(goTo({ ...from('b1'), anchor: 'gone' }, 'b2', order, 'range').selected).toEqual(['b1', 'b2']);
    expect(selectAll(from('a'), order).selected).toEqual(order);
  });
});

describe('moving', () => {
  const move = (key: string, ...chosen: string[]) => moveByKey(key, tree, new Set(chosen));

  it.each<[string, string[], Move | null]>([
    ['ArrowUp', ['b'], { ids: ['b'], parentId: null, before: 'a' }],
    ['ArrowDown', ['b'], { ids: ['b'], parentId: null, before: null }],
    ['ArrowDown', ['a'], { ids: ['a'], parentId: null, before: 'c' }],
    ['ArrowRight', ['c'], { ids: ['c'], parentId: 'b', before: null }],
    ['ArrowLeft', ['b1'], { ids: ['b1'], parentId: null, before: 'c' }],
    ['ArrowUp', ['a'], null],
    ['ArrowLeft', ['a'], null],
    ['ArrowRight', ['a'], null],
    ['ArrowDown', ['c'], null],
    ['ArrowDown', ['a', 'b', 'b1'], { ids: ['a', 'b'], parentId: null, before: null }],
  ])('Alt+%s of %j', (key, chosen, expected) => {
    expect(move(key, ...chosen)).toEqual(expected);
  });

  it.each<[string, 'before' | 'inside' | 'after', Move]>([
    ['a', 'before', { ids: ['c'], parentId: null, before: 'a' }],
    ['b', 'inside', { ids: ['c'], parentId: 'b', before: null }],
    ['b', 'after', { ids: ['c'], parentId: 'b', before: 'b1' }],
    ['b1', 'after', { ids: ['c'], parentId: 'b', before: 'b2' }],
    ['b2x', 'after', { ids: ['c'], parentId: 'b2', before: null }],
  ])('a drop on %s, %s', (target, part, expected) => {
    expect(moveByDrop(tree, rowOf(target), part, new Set(['c']))).toEqual(expected);
  });

  it('knows the parts of a row', () => {
    expect([0.1, 0.5, 0.9].map(partAt)).toEqual(['before', 'inside', 'after']);
  });

  it('nothing goes into itself', () => {
    expect(isInsideItself(tree, { ids: ['b'], parentId: 'b2', before: null })).toBe(true);
    expect(isInsideItself(tree, { ids: ['b2'], parentId: 'b', before: null })).toBe(false);
  });

  it('knows what would change nothing', () => {
    expect(isNoMove(tree, { ids: ['a'], parentId: null, before: 'b' })).toBe(true);
    expect(isNoMove(tree, { ids: ['c'], parentId: null, before: null })).toBe(true);
    expect(isNoMove(tree, { ids: ['c'], parentId: null, before: 'b' })).toBe(false);
    expect(isNoMove(tree, { ids: ['c'], parentId: 'b', before: null })).toBe(false);
  });
});

describe('the window', () => {
  it('holds what is seen and a little more', () => {
    expect(windowOf(2800, 280, 28, 5000)).toEqual({ from: 92, to: 118 });
    expect(windowOf(0, 280, 28, 5)).toEqual({ from: 0, to: 5 });
  });

  it('keeps the active row in the page', () => {
    expect(shownIndexes({ from: 2, to: 4 }, 0, 9)).toEqual([0, 2, 3]);
    expect(shownIndexes({ from: 2, to: 4 }, 8, 9)).toEqual([2, 3, 8]);
    expect(shownIndexes({ from: 2, to: 4 }, -1, 9)).toEqual([2, 3]);
  });

  it('scrolls no further than it must', () => {
    expect([scrollTo(0, 100, 280, 28), scrollTo(5, 100, 280, 28), scrollTo(20, 100, 280, 28)]).toEqual([0, 100, 308]);
  });
});

describe('what keys do', () => {
  const rows = tree.rows(new Set(['b2']));
  const act = (key: string, more: Partial<Press> = {}) => actOfKey({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more }, rows, 1, 5);

  it.each<[string, Partial<Press>, Act | null]>([
    ['ArrowDown', {}, { do: 'go', to: 2, extend: 'one' }],
    ['ArrowDown', { shiftKey: true }, { do: 'go', to: 2, extend: 'range' }],
    ['ArrowDown', { ctrlKey: true }, { do: 'go', to: 2, extend: 'keep' }],
    ['ArrowLeft', {}, { do: 'expand', isExpanded: false }],
    ['ArrowUp', { altKey: true }, { do: 'move', key: 'ArrowUp' }],
    ['ArrowUp', { altKey: true, ctrlKey: true }, null],
    ['a', { metaKey: true }, { do: 'all' }],
    ['a', {}, { do: 'type', letter: 'a' }],
    [' ', { ctrlKey: true }, { do: 'mark', extend: 'toggle' }],
    ['F2', {}, { do: 'rename' }],
    ['F10', { shiftKey: true }, { do: 'menu' }],
    ['s', { ctrlKey: true }, null],
    ['Delete', {}, null],
    ['Tab', {}, null],
  ])('%s with %j', (key, more, expected) => {
    expect(act(key, more)).toEqual(expected);
  });
});
