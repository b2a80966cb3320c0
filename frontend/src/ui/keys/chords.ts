/** Keys as they are written (`Mod+Shift+Z`), pressed, and shown. */

export type Platform = 'mac' | 'other';

/** Keys that are pressed together. `key` is in lower case for letters. */
export interface Chord {
  readonly key: string;
  readonly ctrl: boolean;
  readonly meta: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
}

/** `Mod+Shift+Z` is written wrongly. Write modifiers first, then one key: a letter, a digit, a sign, or a name of KeyboardEvent.key. */
export class ChordError extends Error {
  override name = 'ChordError';
}

const MODIFIERS: ReadonlySet<string> = new Set(['mod', 'ctrl', 'meta', 'alt', 'shift']);

/** Tell Macs from others. */
export function platformOf(navigator: { platform?: string; userAgent?: string }): Platform {
  return /mac|iphone|ipad/i.test(navigator.platform || navigator.userAgent || '') ? 'mac' : 'other';
}

let here: Platform | undefined;

/** The platform of this browser. */
export function platform(): Platform {
  return (here ??= platformOf(globalThis.navigator ?? {}));
}

/** Read keys as they are written. */
export function readChord(written: string, on: Platform): Chord {
  // The last plus is the key itself in `Mod++`.
  const [last, ...before] = written.split(/\+(?!$)/).reverse();
  const names = before.map((name) => name.toLowerCase());
  const unknown = names.find((name) => !MODIFIERS.has(name));
  const isKey = last !== undefined && /^(?:.|[A-Za-z0-9]{2,})$/.test(last) && !MODIFIERS.has(last.toLowerCase());
  if (!isKey || unknown !== undefined) throw new ChordError(`"${written}" is no key`);
  return {
    key: last === 'Space' ? ' ' : last.length === 1 ? last.toLowerCase() : last,
    ctrl: names.includes('ctrl') || (names.includes('mod') && on === 'other'),
    meta: names.includes('meta') || (names.includes('mod') && on === 'mac'),
    alt: names.includes('alt'),
    shift: names.includes('shift'),
  };
}

/** Write a chord in one way, so that equal ones are equal texts. */
export function idOfChord({ key, ctrl, meta, alt, shift }: Chord): string {
  return [ctrl && 'ctrl', meta && 'meta', alt && 'alt', shift && 'shift', key].filter(Boolean).join('+');
}

/** What a key event tells of a chord. */
export type KeyPress = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

/** The chords that a press may mean, the likeliest first. */
export function chordsOf(press: KeyPress): Chord[] {
  const held = { ctrl: press.ctrlKey, meta: press.metaKey, alt: press.altKey };
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  const chords: Chord[] = [{ ...held, key, shift: press.shiftKey }];
  // A sign like ? needs Shift on one keyboard and none on another.
  if (key.length === 1 && key.toLowerCase() === key.toUpperCase() && press.shiftKey) chords.push({ ...held, key, shift: false });
  // Alt types other signs on a Mac, and other alphabets have no N: then the place of the key counts.
  const placed = keyOfCode(press.code);
  if (placed && placed !== key && (press.altKey || !/^[\x20-\x7e]$/.test(key))) chords.push({ ...held, key: placed, shift: press.shiftKey });
  // The digits of the row above the letters need Shift on some keyboards.
  if (/^Digit/.test(press.code) && placed && placed !== key && press.shiftKey && !press.altKey) chords.push({ ...held, key: placed, shift: true });
  return chords;
}

function keyOfCode(code: string): string | null {
  const letter = /^Key([A-Z])$/.exec(code) ?? /^(?:Digit|Numpad)(\d)$/.exec(code);
  return letter ? letter[1]!.toLowerCase() : null;
}

const NAMES: Readonly<Record<string, string>> = {
  ' ': 'Space',
  arrowup: '↑',
  arrowdown: '↓',
  arrowleft: '←',
  arrowright: '→',
  escape: 'Esc',
  delete: 'Del',
  pageup: 'PgUp',
  pagedown: 'PgDn',
};

const nameOfKey = (key: string): string => NAMES[key.toLowerCase()] ?? (key.length === 1 ? key.toUpperCase() : key);

/** Keys for people: `Ctrl+Shift+Z`, or `⇧⌘Z` on a Mac. */
export function labelOfKeys(written: string, on: Platform): string {
  const { key, ctrl, meta, alt, shift } = readChord(written, on);
  if (on === 'mac') return `${ctrl ? '⌃' : ''}${alt ? '⌥' : ''}${shift ? '⇧' : ''}${meta ? '⌘' : ''}${nameOfKey(key)}`;
  return [ctrl && 'Ctrl', meta && 'Win', alt && 'Alt', shift && 'Shift', nameOfKey(key)].filter(Boolean).join('+');
}

/** Keys for `aria-keyshortcuts`: `Control+Shift+Z`. */
export function ariaOfKeys(written: string, on: Platform = platform()): string {
  const { key, ctrl, meta, alt, shift } = readChord(written, on);
  const name = key === ' ' ? 'Space' : key.length === 1 ? key.toUpperCase() : key;
  return [ctrl && 'Control', meta && 'Meta', alt && 'Alt', shift && 'Shift', name].filter(Boolean).join('+');
}
