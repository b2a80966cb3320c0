import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { text, TEXT_KEYS, textOfTasks } from '../../src/builder/model/texts';

const SOURCES = new URL('../../src/', import.meta.url);

describe('texts', () => {
  it('have their values in place', () => {
    expect(text('connect.twice', { from: 'a', to: '{from}' })).toBe('{from} waits for a already');
    expect(textOfTasks(['a'])).toBe('a');
    expect(textOfTasks(['a', 'b'])).toBe('2 tasks');
  });

  it('are all used', () => {
    const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(ts|svelte)$/.test(name),
    );
    const whole = files.map((name) => readFileSync(new URL(name, SOURCES), 'utf8')).join('\n');
    // Once where it is written, and once where it is used.
    expect(TEXT_KEYS.filter((key) => whole.split(`'${key}'`).length < 3)).toEqual([]);
  });
});
