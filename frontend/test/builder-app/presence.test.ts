import { describe, expect, it } from 'vitest';

import { presenceWords } from '../../src/builder/app/presence.svelte';

const editing = (...users: string[]) => users.map((user) => ({ user, editing: true }));
const looking = (...users: string[]) => users.map((user) => ({ user, editing: false }));

describe('who is there', () => {
  it.each([
    [[], ''],
    [editing('Ada'), 'Ada is editing'],
    [editing('Ada', 'Bob'), 'Ada and Bob are editing'],
    [looking('Cleo'), 'Cleo has it open'],
    [[...editing('Ada'), ...looking('Bob', 'Cleo')], 'Ada is editing, Bob and Cleo have it open'],
    [editing('A', 'B', 'C', 'D', 'E'), 'A, B and 3 more are editing'],
  ])('%j', (others, words) => {
    expect(presenceWords(others)).toBe(words);
  });

  it('separates three names', () => {
    expect(presenceWords(editing('Ada', 'Bob', 'Cleo'))).toBe('Ada, Bob and Cleo are editing');
  });
});
