/** Commands and their keys. */

import { chordsOf, idOfChord, readChord, type KeyPress, type Platform } from './chords';

/** Something that can be done by keys, from the command palette, or both. */
export interface Command {
  readonly id: string;
  readonly label: string;
  /** The heading under which the sheet and the palette list it. */
  readonly group: string;
  /** `Mod+Shift+Z`; Mod is Ctrl, or ⌘ on a Mac. Of several, the first is the one that menus show. */
  readonly keys?: string | readonly string[];
  /** Works only while the focus is in an element with this `data-key-scope`; the whole page when it is left out. */
  readonly scope?: string;
  /** Works also while somebody types. */
  readonly inInputs?: boolean;
  /** Tells whether it can be done now. */
  readonly when?: () => boolean;
  /** False for what makes no sense in a list of commands, like moving by arrows. */
  readonly inPalette?: boolean;
  /** May take the keys of a command of the whole page, inside its scope. */
  readonly shadows?: boolean;
  run(event?: KeyboardEvent): void;
}

/** Two commands want the same keys in the same place, or have the same id. Give one of them other keys, or let it say that it `shadows`. */
export class KeyConflict extends Error {
  override name = 'KeyConflict';
}

const PAGE = '';

/** The keys of a command, as a list. */
export function keysOf(command: Pick<Command, 'keys'>): readonly string[] {
  if (command.keys === undefined) return [];
  return typeof command.keys === 'string' ? [command.keys] : command.keys;
}

/** Every command of a page, found by its keys. */
export class Keymap {
  private readonly byId = new Map<string, Command>();
  /** Scope, then chord. */
  private readonly byKeys = new Map<string, Map<string, Command>>();

  constructor(readonly platform: Platform) {}

  /** Add commands, all or none; throws `KeyConflict`. Returns a function that takes them back. */
  register(commands: readonly Command[]): () => void {
    const added: Command[] = [];
    try {
      for (const command of commands) {
        this.refuse(command);
        this.add(command);
        added.push(command);
      }
    } catch (error) {
      for (const command of added) this.remove(command);
      throw error;
    }
    return () => added.forEach((command) => this.remove(command));
  }

  /** Every command, in the order in which they were registered. */
  get commands(): Command[] {
    return [...this.byId.values()];
  }

  /** The first keys of a command, for a menu or a tooltip. */
  keysFor(id: string): string | undefined {
    const command = this.byId.get(id);
    return command && keysOf(command)[0];
  }

  /** Do a command, unless it can't be done now. */
  run(id: string): void {
    const command = this.byId.get(id);
    if (command && (command.when?.() ?? true)) command.run();
  }

  /** Find what a press means in the given scopes, the innermost first. */
  find(press: KeyPress, scopes: readonly string[], isTyping: boolean): Command | null {
    const ids = chordsOf(press).map(idOfChord);
    for (const scope of scopes) {
      for (const id of ids) {
        const command = this.byKeys.get(scope)?.get(id);
        if (command && (!isTyping || command.inInputs) && (command.when?.() ?? true)) return command;
      }
    }
    return null;
  }

  /** Do what a press means, if anything. An attachment, or to be called with `window`. */
  listen = (target: EventTarget): (() => void) => {
    const hear = (event: Event) => this.hear(event as KeyboardEvent);
    target.addEventListener('keydown', hear);
    return () => target.removeEventListener('keydown', hear);
  };

  private hear(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const from = event.composedPath().filter((node): node is Element => node instanceof Element);
    const command = this.find(event, scopesAround(from), isTypingIn(from[0]));
    if (!command) return;
    event.preventDefault();
    command.run(event);
  }

  private refuse(command: Command): void {
    if (this.byId.has(command.id)) throw new KeyConflict(`There is a command "${command.id}" already`);
    for (const keys of keysOf(command)) {
      const other = this.rivalOf(command, idOfChord(readChord(keys, this.platform)));
      if (other) throw new KeyConflict(`${keys} means "${other.label}" already, and not "${command.label}" too`);
    }
  }

  private rivalOf(command: Command, chord: string): Command | undefined {
    const scope = command.scope ?? PAGE;
    const same = this.byKeys.get(scope)?.get(chord);
    if (same) return same;
    if (scope !== PAGE) return command.shadows ? undefined : this.byKeys.get(PAGE)?.get(chord);
    const inside = [...this.byKeys].filter(([other]) => other !== PAGE).map(([, map]) => map.get(chord));
    return inside.find((other) => other && !other.shadows);
  }

  private add(command: Command): void {
    this.byId.set(command.id, command);
    const scope = command.scope ?? PAGE;
    const known = this.byKeys.get(scope) ?? new Map<string, Command>();
    this.byKeys.set(scope, known);
    for (const keys of keysOf(command)) known.set(idOfChord(readChord(keys, this.platform)), command);
  }

  private remove(command: Command): void {
    this.byId.delete(command.id);
    const known = this.byKeys.get(command.scope ?? PAGE);
    for (const [chord, other] of known ?? []) if (other === command) known?.delete(chord);
  }
}

/** The scopes around an element, the innermost first; the page is the last, but not from inside an open dialog. */
export function scopesAround(path: readonly Element[]): string[] {
  const scopes: string[] = [];
  for (const element of path) {
    const scope = element.getAttribute('data-key-scope');
    if (scope) scopes.push(scope);
    if (element.matches('dialog[open], [role=menu]')) return scopes;
  }
  return [...scopes, PAGE];
}

const NO_TEXT: ReadonlySet<string> = new Set(['button', 'checkbox', 'color', 'file', 'image', 'radio', 'range', 'reset', 'submit']);

/** Tell whether keys go into a text there. */
export function isTypingIn(element: EventTarget | undefined): boolean {
  if (element instanceof HTMLInputElement) return !NO_TEXT.has(element.type);
  if (element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) return true;
  return element instanceof HTMLElement && element.isContentEditable;
}
