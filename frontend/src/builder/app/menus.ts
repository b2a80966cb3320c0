/** What a right click offers: the commands that can be done there, each with its keys. */

import type { MenuRequest as Asked } from '../../canvas/events';
import type { Keymap } from '../../ui/keys/keymap';
import type { MenuEntry, MenuRequest } from '../../ui/overlays/menu.svelte';
import type { Builder } from './builder.svelte';
import type { Page } from './page.svelte';
import { say } from './words';

const ON_TASK = [
  ...['task.rename', 'task.after', '', 'edit.cut', 'edit.copy', 'task.duplicate', '', 'edge.toggle', 'task.enable', 'task.pin', ''],
  ...['task.group', 'task.ungroup', '', 'task.remove', 'task.reconnect'],
];
const ON_EDGE = ['edge.toggle', 'task.remove'];
const ON_EMPTY = ['task.add', 'edit.paste', 'tree.tidy', 'select.all', '', 'view.fit', 'tree.pattern', 'view.json'];

type Place = Pick<Asked, 'node' | 'edge' | 'clientX' | 'clientY'>;

/** The menu of a place on the canvas, or of a task in the outline. */
export function menuOf(builder: Builder, page: Page, keymap: Keymap, { node, edge, clientX, clientY }: Place): MenuRequest {
  const ids = edge !== null ? ON_EDGE : node !== null ? ON_TASK : ON_EMPTY;
  const items = ids.flatMap((id): MenuEntry[] => (id === '' ? ['separator'] : itemOf(keymap, id)));
  const tries = node === null ? [] : tryItems(builder, page, node);
  return { at: { x: clientX, y: clientY }, items: [...tries, ...items], label: say('menu.label') };
}

function itemOf(keymap: Keymap, id: string): MenuEntry[] {
  const command = keymap.commands.find((one) => one.id === id);
  if (!command || command.when?.() === false) return [];
  const keys = keymap.keysFor(id);
  const item = { label: command.label, run: () => command.run(), danger: id === 'task.remove' };
  return [keys === undefined ? item : { ...item, keys }];
}

function tryItems(builder: Builder, page: Page, id: string): MenuEntry[] {
  const name = builder.session.task(id)?.name ?? id;
  const modes = ['task', 'up_to', 'from'] as const;
  const words = { task: say('run.task', { name }), up_to: say('run.upTo', { name }), from: say('run.from', { name }) };
  const items = modes.map((mode): MenuEntry => ({ label: say('menu.run', { what: words[mode] }), run: () => page.tryPart(mode) }));
  return [...items, 'separator'];
}
