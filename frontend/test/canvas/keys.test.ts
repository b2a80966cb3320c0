import { expect, it } from 'vitest';

import { actionOf, type KeyState } from '../../src/canvas/keys';

const building: KeyState = { mode: 'edit', hasSelection: false };
const selected: KeyState = { mode: 'edit', hasSelection: true };
const watching: KeyState = { mode: 'view', hasSelection: true };

function press(key: string, modifiers: Partial<Record<'shiftKey' | 'ctrlKey' | 'altKey' | 'metaKey', boolean>> = {}) {
  return { key, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...modifiers };
}

it('walks with the arrows, and leaves Shift and Ctrl to the page', () => {
  expect(actionOf(press('ArrowUp'), building)).toEqual({ do: 'walk', direction: 'up' });
  expect(actionOf(press('ArrowUp', { shiftKey: true }), building)).toBeNull();
  expect(actionOf(press('ArrowUp', { ctrlKey: true }), building)).toBeNull();
});

it('moves what is selected with Alt, only in a builder', () => {
  expect(actionOf(press('ArrowLeft', { altKey: true }), selected)).toEqual({ do: 'nudge', direction: 'left' });
  expect(actionOf(press('ArrowLeft', { altKey: true }), building)).toBeNull();
  expect(actionOf(press('ArrowLeft', { altKey: true }), watching)).toBeNull();
});

it('leaves digits to the page while a builder has something selected: they are priorities there', () => {
  expect(actionOf(press('1'), building)).toEqual({ do: 'fit' });
  expect(actionOf(press('1'), selected)).toBeNull();
  expect(actionOf(press('0'), watching)).toEqual({ do: 'resetZoom' });
});

it('renames only in a builder', () => {
  expect(actionOf(press('F2'), selected)).toEqual({ do: 'rename' });
  expect(actionOf(press('F2'), watching)).toBeNull();
});

it('zooms with plus and minus, also where plus needs Shift, and leaves the rest', () => {
  expect(actionOf(press('+', { shiftKey: true }), building)).toEqual({ do: 'zoomIn' });
  expect(actionOf(press('-'), building)).toEqual({ do: 'zoomOut' });
  expect(actionOf(press('n'), building)).toBeNull();
  expect(actionOf(press('c', { metaKey: true }), building)).toBeNull();
});
