/** How the text that follows looks, as `ESC [ … m` sets it. */

import { basicColour, indexedColour, trueColour, type ColourName } from './ansi-colours';

export interface Look {
  readonly ink: ColourName | null;
  readonly ground: ColourName | null;
  /** Of `bold`, `dim`, `italic`, `underline`, `strike`, `inverse`. */
  readonly marks: ReadonlySet<string>;
}

export const PLAIN: Look = { ink: null, ground: null, marks: new Set() };

const ON: Readonly<Record<number, string>> = { 1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 7: 'inverse', 9: 'strike', 21: 'underline' };
const OFF: Readonly<Record<number, readonly string[]>> = { 22: ['bold', 'dim'], 23: ['italic'], 24: ['underline'], 27: ['inverse'], 29: ['strike'] };

/** Apply the parameters of one sequence: `1;31`, `38;5;208`, `38:2::255:0:0`. What is not known is passed over. */
export function applySGR(look: Look, parameters: string): Look {
  let now = look;
  const groups = parameters.split(';');
  for (let at = 0; at < groups.length; at += 1) {
    const [code, ...inner] = groups[at]!.split(':').map((part) => (part === '' ? 0 : Number(part)));
    if (code !== 38 && code !== 48) now = applyCode(now, code!, inner);
    else {
      const { colour, used } = inner.length > 0 ? { colour: colourOf(withoutSpace(inner)), used: 0 } : takeColour(groups, at + 1);
      now = { ...now, [code === 38 ? 'ink' : 'ground']: colour ?? (code === 38 ? now.ink : now.ground) };
      at += used;
    }
  }
  return now;
}

/** The names of the classes for a look, with a blank between them. */
export function classesOf({ ink, ground, marks }: Look): string {
  const [front, back] = marks.has('inverse') ? [null, ground ?? ink ?? 'inverse'] : [ink, ground];
  const names = [...marks].filter((mark) => mark !== 'inverse');
  return [front && `ink-${front}`, back && `on-${back}`, ...names].filter(Boolean).join(' ');
}

function applyCode(look: Look, code: number, inner: readonly number[]): Look {
  if (code === 0) return PLAIN;
  if (code >= 30 && code <= 37) return { ...look, ink: basicColour(code - 30) };
  if (code >= 90 && code <= 97) return { ...look, ink: basicColour(code - 90) };
  if (code >= 40 && code <= 47) return { ...look, ground: basicColour(code - 40) };
  if (code >= 100 && code <= 107) return { ...look, ground: basicColour(code - 100) };
  if (code === 39) return { ...look, ink: null };
  if (code === 49) return { ...look, ground: null };
  // `4:0` is no underline.
  const gone = code === 4 && inner[0] === 0 ? OFF[24] : OFF[code];
  if (gone) return { ...look, marks: new Set([...look.marks].filter((mark) => !gone.includes(mark))) };
  return ON[code] ? { ...look, marks: new Set([...look.marks, ON[code]]) } : look;
}

/** Read `5;N` or `2;R;G;B` behind a 38 or 48. */
function takeColour(groups: readonly string[], at: number): { colour: ColourName | null; used: number } {
  const kind = groups[at];
  // What else there may be is of unknown length: then the rest means nothing.
  const length = kind === '5' ? 2 : kind === '2' ? 4 : groups.length;
  return { colour: colourOf(groups.slice(at, at + length).map(Number)), used: length };
}

/** `2::R:G:B` names a colour space before the channels. */
function withoutSpace(inner: readonly number[]): readonly number[] {
  return inner[0] === 2 && inner.length > 4 ? [2, ...inner.slice(2, 5)] : inner;
}

function colourOf([kind, ...rest]: readonly number[]): ColourName | null {
  if (kind === 5 && rest.length > 0) return indexedColour(rest[0]!);
  return kind === 2 && rest.length >= 3 ? trueColour(rest[0]!, rest[1]!, rest[2]!) : null;
}
