/** Everything that can be done in the builder, with its keys: the sheet, the command palette and the menus are made of this. */

import { platform } from '../../ui/keys/chords';
import type { Command } from '../../ui/keys/keymap';
import { wordOfPriority } from '../../ui/basics/priority';
import type { Priority } from '../model/fields';
import type { Builder } from './builder.svelte';
import type { Page } from './page.svelte';
import { say } from './words';

/** The commands of a builder; `page` does what concerns the page around the canvas. */
export function commandsOf(builder: Builder, page: Page): Command[] {
  return [
    ...making(builder, page),
    ...changing(builder, page),
    ...copying(builder, page),
    ...choosing(builder),
    ...looking(builder, page),
    ...saving(page),
  ];
}

function making({ acts, session }: Builder, page: Page): Command[] {
  const when = canEdit(session);
  const group = say('group.make');
  return [
    { id: 'task.add', label: say('do.task.add'), group, keys: 'N', when, run: () => page.openPalette({}) },
    { id: 'task.after', label: say('do.task.after'), group, keys: 'Shift+N', when: hasFocus(session), run: () => page.addAfter() },
    { id: 'task.group', label: say('do.task.group'), group, keys: 'Mod+G', when: hasTasks(session), run: () => acts.group() },
    { id: 'task.ungroup', label: say('do.task.ungroup'), group, keys: 'Mod+Shift+G', when: hasTasks(session), run: () => acts.ungroup() },
    { id: 'task.duplicate', label: say('do.task.duplicate'), group, keys: 'Mod+D', when: hasTasks(session), run: () => acts.duplicate() },
    { id: 'tree.tidy', label: say('do.tree.tidy'), group, keys: 'Shift+Alt+T', when, run: () => void page.tidy() },
    { id: 'tree.pattern', label: say('do.tree.pattern'), group, when, run: () => page.open('gallery') },
  ];
}

function changing({ acts, session }: Builder, page: Page): Command[] {
  const group = say('group.change');
  const when = hasTasks(session);
  const priorities = ([0, 1, 2, 3] as const).map((priority: Priority): Command => ({
    id: `task.priority.${priority}`,
    label: say('do.priority', { priority, word: wordOfPriority(priority) }),
    group,
    keys: String(priority),
    when,
    run: () => acts.setPriority(priority),
  }));
  return [
    { id: 'edit.undo', label: say('do.edit.undo'), group, keys: 'Mod+Z', when: canEdit(session), run: () => session.undo() },
    { id: 'edit.redo', label: say('do.edit.redo'), group, keys: ['Mod+Shift+Z', 'Mod+Y'], when: canEdit(session), run: () => session.redo() },
    { id: 'task.rename', label: say('do.task.rename'), group, keys: 'F2', when: hasFocus(session), run: () => page.rename() },
    { id: 'task.remove', label: say('do.task.remove'), group, keys: ['Delete', 'Backspace'], when: hasAny(session), run: () => acts.remove() },
    { id: 'task.reconnect', label: say('do.task.reconnect'), group, keys: 'Mod+Delete', when, run: () => acts.removeAndReconnect() },
    { id: 'edge.toggle', label: say('do.edge.toggle'), group, keys: 'O', when: hasAny(session), run: () => acts.toggleRequired() },
    { id: 'task.enable', label: say('do.task.enable'), group, keys: 'D', when, run: () => acts.toggleEnabled() },
    { id: 'task.pin', label: say('do.task.pin'), group, keys: 'P', when, run: () => page.pin() },
    ...priorities,
  ];
}

/** The clipboard's own events do the work, as only they may use it everywhere; these bring them about. */
function copying({ session }: Builder, page: Page): Command[] {
  const group = say('group.clipboard');
  const mayCopy = () => session.selection.tasks.size > 0 && (getSelection()?.isCollapsed ?? true);
  const mayRead = () => !session.isReadOnly && typeof navigator.clipboard?.readText === 'function';
  return [
    { id: 'edit.copy', label: say('do.edit.copy'), group, keys: 'Mod+C', when: mayCopy, run: () => void document.execCommand('copy') },
    { id: 'edit.cut', label: say('do.edit.cut'), group, keys: 'Mod+X', when: () => mayCopy() && !session.isReadOnly, run: () => void document.execCommand('cut') },
    // For the sheet: the browser hands the text over with this key alone.
    { id: 'edit.pasteKey', label: say('do.edit.pasteKey'), group, keys: 'Mod+V', inPalette: false, when: () => false, run: () => undefined },
    { id: 'edit.paste', label: say('do.edit.paste'), group, when: mayRead, run: () => void page.pasteFromClipboard() },
  ];
}

function choosing({ acts, session }: Builder): Command[] {
  const group = say('group.select');
  return [
    { id: 'select.all', label: say('do.select.all'), group, keys: 'Mod+A', run: () => acts.selectAll() },
    { id: 'select.up', label: say('do.select.up'), group, keys: 'Shift+ArrowLeft', when: hasTasks(session), run: () => acts.selectAlong('upstream') },
    { id: 'select.down', label: say('do.select.down'), group, keys: 'Shift+ArrowRight', when: hasTasks(session), run: () => acts.selectAlong('downstream') },
    { id: 'select.none', label: say('do.select.none'), group, keys: 'Escape', inPalette: false, when: hasAny(session), run: () => session.deselect() },
  ];
}

function looking(builder: Builder, page: Page): Command[] {
  const group = say('group.look');
  // On a Mac, Alt with a letter or digit types a character.
  const inInputs = platform() !== 'mac';
  return [
    { id: 'view.outline', label: say('do.view.outline'), group, keys: 'Alt+1', inInputs, run: () => page.showLeft('outline') },
    { id: 'view.executors', label: say('do.view.executors'), group, keys: 'Alt+2', inInputs, run: () => page.showLeft('executors') },
    { id: 'view.order', label: say('do.view.order'), group, keys: 'Alt+3', inInputs, run: () => page.showLeft('order') },
    { id: 'view.canvas', label: say('do.view.canvas'), group, keys: 'Alt+C', inInputs, run: () => page.focusCanvas() },
    { id: 'view.fit', label: say('do.view.fit'), group, run: () => void page.fit() },
    { id: 'view.json', label: say('do.view.json'), group, keys: 'Mod+J', run: () => page.open('json') },
    { id: 'view.problems', label: say('do.view.problems'), group, keys: 'Alt+P', inInputs, when: () => builder.problems.list.length > 0, run: () => page.goToProblem() },
    { id: 'view.versions', label: say('do.view.versions'), group, keys: 'Mod+H', when: () => builder.stored?.id != null, run: () => page.open('versions') },
    { id: 'view.keys', label: say('do.view.keys'), group, keys: '?', run: () => page.open('keys') },
    { id: 'view.commands', label: say('do.view.commands'), group, keys: 'Mod+K', inInputs: true, inPalette: false, run: () => page.open('commands') },
  ];
}

function saving(page: Page): Command[] {
  const { session } = page.builder;
  const group = say('group.save');
  return [
    { id: 'tree.save', label: say('do.tree.save'), group, keys: 'Mod+S', inInputs: true, run: () => void page.save() },
    { id: 'tree.saveAs', label: say('do.tree.saveAs'), group, keys: 'Mod+Shift+S', inInputs: true, when: canEdit(session), run: () => page.open('message') },
    { id: 'tree.run', label: say('do.tree.run'), group, keys: 'Mod+Enter', inInputs: true, when: () => page.mayRun, run: () => page.tryPart('all') },
    { id: 'tree.export', label: say('do.tree.export'), group, run: () => page.download() },
  ];
}

type Asked = Builder['session'];

function canEdit(session: Asked): () => boolean {
  return () => !session.isReadOnly;
}

function hasTasks(session: Asked): () => boolean {
  return () => !session.isReadOnly && session.selection.tasks.size > 0;
}

function hasFocus(session: Asked): () => boolean {
  return () => !session.isReadOnly && session.selection.focus !== null;
}

function hasAny(session: Asked): () => boolean {
  return () => session.selection.tasks.size > 0 || session.selection.edge !== null;
}
