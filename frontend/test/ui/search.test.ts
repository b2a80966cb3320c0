import { describe, expect, it } from 'vitest';

import { arrange, pieces, type Entry } from '../../src/ui/search/entries';
import { fuzzy } from '../../src/ui/search/fuzzy';
import { Recent } from '../../src/ui/search/recent';

const names = (query: string, entries: readonly Entry[], recent: readonly string[] = []): string[] =>
  arrange(query, entries, recent).flatMap(({ found }) => found.map(({ entry }) => entry.name));

const entry = (name: string, more: Partial<Entry> = {}): Entry => ({ id: name, name, ...more });

describe('fuzzy', () => {
  it.each([
    ['tdy', 'Tidy up', [0, 2, 3]],
    ['up', 'Tidy up', [5, 6]],
    ['UP ti', 'Tidy up', [0, 1, 5, 6]],
    ['dt', 'Delete task', [0, 7]],
    ['cafe', 'Café', [0, 1, 2, 3]],
    ['jv', 'JsonView', [0, 4]],
  ])('%s is found in %s', (query, text, at) => {
    expect(fuzzy(query, text)?.at).toEqual(at);
  });

  it('every word has to be there, in its order of letters', () => {
    expect(fuzzy('pu', 'Tidy up')).toBeNull();
    expect(fuzzy('tidy down', 'Tidy up')).toBeNull();
  });

  it.each([
    ['run', 'Run', 'Trunk'],
    ['run', 'Dry run', 'Trunk'],
    ['sa', 'Save', 'Message'],
    ['un', 'Undo', 'Group, ungrouped'],
    ['ca', 'Cancel all', 'Escape'],
  ])('%s fits %s better than %s', (query, better, worse) => {
    expect(fuzzy(query, better)!.score).toBeGreaterThan(fuzzy(query, worse)!.score);
  });
});

describe('arranging', () => {
  const entries = [
    entry('HTTP request', { group: 'Network', about: 'Call a REST API' }),
    entry('SSH', { group: 'Network' }),
    entry('Shell', { group: 'System', words: 'bash' }),
    entry('Docker', { group: 'System' }),
    entry('Echo'),
    entry('Sum'),
    entry('Sort'),
  ];

  it('without a query: recent first, then the groups in their order', () => {
    const sections = arrange('', entries, ['Docker', 'gone']);
    expect(sections.map(({ title }) => title)).toEqual(['Recent', 'Network', 'System', null]);
    expect(sections[0]!.found.map(({ entry: { name } }) => name)).toEqual(['Docker']);
  });

  it('finds by description and other words, after what fits by name', () => {
    expect(names('rest', entries)).toEqual(['HTTP request']);
    expect(names('bash', entries)).toEqual(['Shell']);
    expect(names('s', entries)[0]).not.toBe('HTTP request');
  });

  it('of two that fit the same, the one that was used goes first', () => {
    expect(names('s', entries).slice(0, 1)).toEqual(['SSH']);
    expect(names('s', entries, ['Sort'])[0]).toBe('Sort');
  });

  it('letters scattered over a description are no find', () => {
    expect(names('cra', [entry('X', { about: 'Call a REST API' })])).toEqual([]);
  });

  it('marks what was asked for', () => {
    expect(pieces('Tidy up', [0, 1, 5])).toEqual([
      { text: 'Ti', isHit: true },
      { text: 'dy ', isHit: false },
      { text: 'u', isHit: true },
      { text: 'p', isHit: false },
    ]);
  });
});

describe('recent', () => {
  function store(): Storage {
    const kept = new Map<string, string>();
    return { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) } as Storage;
  }

  it('keeps the newest first, each once, and only some', () => {
    const shared = store();
    const recent = new Recent('x', 2, () => shared);
    ['a', 'b', 'a', 'c'].forEach((id) => recent.add(id));
    expect(new Recent('x', 2, () => shared).ids).toEqual(['c', 'a']);
  });

  it.each([
    ['something else', () => ({ getItem: () => '{"a": 1}', setItem: () => {} })],
    ['what is no JSON', () => ({ getItem: () => '{', setItem: () => {} })],
    [
      'a storage that is switched off',
      () => {
        throw new Error('denied');
      },
    ],
  ])('lives with %s', (_, broken) => {
    const recent = new Recent('x', 2, broken);
    recent.add('a');
    expect(recent.ids).toEqual([]);
  });
});
