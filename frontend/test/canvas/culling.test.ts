import { expect, it } from 'vitest';

import { MOST_CARDS, MOST_MADE, nextHandover } from '../../src/canvas/culling';
import { contains, type Box } from '../../src/canvas/geometry';
import { visibleBox } from '../../src/canvas/view';

const size = { width: 1000, height: 800 };
const view = { x: 0, y: 0, zoom: 1 };
const ids = (count: number) => new Set(Array.from({ length: count }, (_, index) => `${index}`));
const finding = (inView: number, around = inView) => (box: Box) => ids(box.width > size.width / view.zoom ? around : inView);

it('hands over the cards in and around the view', () => {
  const handover = nextHandover(null, view, size, finding(40, 90));
  expect(handover.ids?.size).toBe(90);
  expect(contains(handover.area, visibleBox(view, size))).toBe(true);
});

it('hands over none when too many are in view', () => {
  expect(nextHandover(null, view, size, finding(MOST_CARDS)).ids).not.toBeNull();
  expect(nextHandover(null, view, size, finding(MOST_CARDS + 1)).ids).toBeNull();
});

it('hands over none when too many are around the view', () => {
  expect(nextHandover(null, view, size, finding(10, MOST_MADE + 1)).ids).toBeNull();
});

it('changes nothing while the view stays in the area', () => {
  const first = nextHandover(null, view, size, finding(40));
  const never = () => expect.fail('nothing needs to be looked for');
  expect(nextHandover(first, { ...view, x: 340, y: -270 }, size, never)).toBe(first);
  expect(nextHandover(first, { x: -300, y: -240, zoom: 1.5 }, size, never)).toBe(first);
});

it('hands over again when the view leaves the area or has come much nearer', () => {
  const first = nextHandover(null, view, size, finding(40));
  expect(nextHandover(first, { ...view, x: 360 }, size, finding(40))).not.toBe(first);
  expect(nextHandover(first, { x: -300, y: -240, zoom: 1.6 }, size, finding(40))).not.toBe(first);
  expect(nextHandover(first, { ...view, zoom: 0.5 }, size, finding(40))).not.toBe(first);
});
