import { describe, expect, it } from 'vitest';

import { ariaOfKeys, ChordError, chordsOf, idOfChord, labelOfKeys, readChord, type KeyPress } from '../../src/ui/keys/chords';
import { KeyConflict, Keymap, scopesAround, type Command } from '../../src/ui/keys/keymap';
import { entriesOf, sheetOf } from '../../src/ui/keys/listed';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({ key, code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

function command(id: string, keys?: Command['keys'], more: Partial<Command> = {}): Command {
  return { id, label: `Do ${id}`, group: 'Group', run: () => {}, ...(keys === undefined ? {} : { keys }), ...more };
}

function keymapOf(...commands: Command[]): Keymap {
  const keymap = new Keymap('other');
  keymap.register(commands);
  return keymap;
}

describe('chords', () => {
  it('Mod is Ctrl, and ⌘ on a Mac', () => {
    expect(readChord('Mod+S', 'other')).toMatchObject({ ctrl: true, meta: false, key: 's' });
    expect(readChord('Mod+S', 'mac')).toMatchObject({ ctrl: false, meta: true, key: 's' });
  });

  it('the plus itself is a key', () => {
    expect(readChord('Mod++', 'other').key).toBe('+');
    expect(readChord('+', 'other').key).toBe('+');
  });

  it.each(['', 'Mod+', 'Hyper+X', 'Shift'])('"%s" is refused', (written) => {
    expect(() => readChord(written, 'other')).toThrow(ChordError);
  });

  it.each([
    ['Mod+Shift+Z', 'Ctrl+Shift+Z', '⇧⌘Z', 'Control+Shift+Z'],
    ['Alt+ArrowUp', 'Alt+↑', '⌥↑', 'Alt+ArrowUp'],
    ['Delete', 'Del', 'Del', 'Delete'],
    ['?', '?', '?', '?'],
    ['Space', 'Space', 'Space', 'Space'],
  ])('%s is shown as %s, %s and read as %s', (written, other, mac, aria) => {
    expect(labelOfKeys(written, 'other')).toBe(other);
    expect(labelOfKeys(written, 'mac')).toBe(mac);
    expect(ariaOfKeys(written, 'other')).toBe(aria);
  });

  it('a sign is the same with and without Shift, a letter is not', () => {
    const question = idOfChord(readChord('?', 'other'));
    expect(chordsOf(press('?', { shiftKey: true })).map(idOfChord)).toContain(question);
    expect(chordsOf(press('?')).map(idOfChord)).toContain(question);
    expect(chordsOf(press('Z', { shiftKey: true, ctrlKey: true })).map(idOfChord)).not.toContain(idOfChord(readChord('Mod+Z', 'other')));
  });

  it('what Alt types on a Mac, and other alphabets, count by their place', () => {
    const tidy = idOfChord(readChord('Shift+Alt+T', 'mac'));
    expect(chordsOf(press('ˇ', { code: 'KeyT', altKey: true, shiftKey: true })).map(idOfChord)).toContain(tidy);
    expect(chordsOf(press('т', { code: 'KeyN' })).map(idOfChord)).toContain('n');
  });
});

describe('finding commands', () => {
  it('the innermost scope goes first', () => {
    const keymap = keymapOf(command('page', 'Delete'), command('inside', 'Delete', { scope: 'outline', shadows: true }));
    expect(keymap.find(press('Delete'), ['outline', ''], false)?.id).toBe('inside');
    expect(keymap.find(press('Delete'), [''], false)?.id).toBe('page');
  });

  it('who types is left alone, but for what says so', () => {
    const keymap = keymapOf(command('add', 'N'), command('save', 'Mod+S', { inInputs: true }));
    expect(keymap.find(press('n'), [''], true)).toBeNull();
    expect(keymap.find(press('s', { ctrlKey: true }), [''], true)?.id).toBe('save');
  });

  it('what can not be done now is not found, nor run', () => {
    let runs = 0;
    const keymap = keymapOf(command('undo', 'Mod+Z', { when: () => false, run: () => (runs += 1) }));
    expect(keymap.find(press('z', { ctrlKey: true }), [''], false)).toBeNull();
    keymap.run('undo');
    expect(runs).toBe(0);
    expect(entriesOf(keymap)).toEqual([]);
  });

  it('an open dialog ends the search, with the scopes in it', () => {
    const element = (scope: string | null, isDialog = false) => ({ getAttribute: () => scope, matches: () => isDialog }) as unknown as Element;
    expect(scopesAround([element(null), element('editor'), element(null, true), element('canvas')])).toEqual(['editor']);
    expect(scopesAround([element(null), element('canvas')])).toEqual(['canvas', '']);
  });
});

describe('conflicts are refused', () => {
  it.each([
    ['the same scope', { scope: 'canvas' }, { scope: 'canvas' }],
    ['the page, and a scope that says nothing', {}, { scope: 'canvas' }],
    ['a scope, and then the page', { scope: 'canvas' }, {}],
    ['the same scope, although it shadows', {}, { shadows: true }],
  ])('%s', (_, first, second) => {
    const keymap = keymapOf(command('first', 'Mod+D', first));
    expect(() => keymap.register([command('second', 'Ctrl+D', second)])).toThrow(KeyConflict);
  });

  it('two scopes beside each other may use the same keys', () => {
    expect(keymapOf(command('a', 'N', { scope: 'canvas' }), command('b', 'N', { scope: 'outline' })).commands).toHaveLength(2);
  });

  it('an id is there once', () => {
    expect(() => keymapOf(command('a'), command('a'))).toThrow(KeyConflict);
  });

  it('all or none is added', () => {
    const keymap = keymapOf(command('a', 'A'));
    expect(() => keymap.register([command('b', 'B'), command('c', 'A')])).toThrow(KeyConflict);
    expect(keymap.commands.map(({ id }) => id)).toEqual(['a']);
    expect(keymap.find(press('b'), [''], false)).toBeNull();
  });

  it('what was taken back is free again', () => {
    const keymap = new Keymap('other');
    const takeBack = keymap.register([command('a', 'A')]);
    takeBack();
    keymap.register([command('b', 'A')]);
    expect(keymap.find(press('a'), [''], false)?.id).toBe('b');
  });
});

describe('the sheet', () => {
  const keymap = keymapOf(command('undo', 'Mod+Z'), command('redo', ['Mod+Shift+Z', 'Mod+Y']), command('export'));

  it('lists what has keys, each with all of them', () => {
    const [heading] = sheetOf(keymap);
    expect(heading?.lines.map(({ keys }) => keys)).toEqual([['Ctrl+Z'], ['Ctrl+Shift+Z', 'Ctrl+Y']]);
  });

  it('is filtered by words and by keys', () => {
    expect(sheetOf(keymap, 'do redo')[0]?.lines.map(({ command: { id } }) => id)).toEqual(['redo']);
    expect(sheetOf(keymap, 'ctrl+y')[0]?.lines.map(({ command: { id } }) => id)).toEqual(['redo']);
    expect(sheetOf(keymap, 'nothing')).toEqual([]);
  });
});
