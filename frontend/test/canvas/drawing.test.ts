import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { STATUS_ICONS } from '../../src/canvas/icons';
import { cut } from '../../src/canvas/overview/text';
import { plainLook } from '../../src/canvas/scene';
import { TONES } from '../../src/canvas/tones';
import { cardName } from '../../src/canvas/words';

const read = (path: string) => readFileSync(new URL(`../../../static/${path}`, import.meta.url), 'utf8');

describe('cutting text', () => {
  const fits = (most: number) => (part: string) => [...part].length <= most;

  it.each([['short', 9, 'short'], ['a long name', 6, 'a lon…'], ['a long name', 1, '…'], ['🙂🙂🙂', 2, '🙂…'], ['', 0, '']])(
    'cuts %j to %i letters', (text, most, cutText) => {
      expect(cut(text, fits(most))).toBe(cutText);
    },
  );
});

it('has the icons of static/icons.svg', () => {
  const symbols = new Map([...read('icons.svg').matchAll(/<symbol id="(\w+)"[^>]*>(.*?)<\/symbol>/g)].map(([, id, body]) => [id, body]));
  for (const status of ['completed', 'failed', 'blocked', 'retrying'] as const) {
    const { fill, strokes } = STATUS_ICONS[status];
    const drawn = [fill, ...(strokes ?? []).map(({ path }) => path)].filter((path) => path !== undefined).join('');
    const paths = [...symbols.get(status)!.matchAll(/ d="([^"]+)"/g)].map(([, path]) => path);
    expect(drawn).toBe(paths.join(''));
  }
});

it('has the colours of every status among the tokens, light and dark', () => {
  const tokens = read('css/tokens.css');
  for (const tone of new Set(Object.values(TONES))) {
    for (const name of [tone, `${tone}-soft`]) expect(tokens.split(`--${name}:`)).toHaveLength(4);
  }
});

it('says all that a card shows', () => {
  const look = plainLook('Fetch', {
    subtitle: 'rest', status: 'retrying', word: 'Retrying', attempts: { number: 2, of: 3 }, priority: 0, progress: 0.25,
    problems: { count: 1, worst: 'error' }, pinned: true, note: 'Ask Ada',
  });
  expect(cardName(look)).toBe('Fetch, rest, Retrying, attempt 2 of 3, 25 %, Priority 0, first, 1 error, Pinned result, Note: Ask Ada');
});
