/** How much room text takes, counted in the letters of a font whose letters are all as wide. */

import { ORDINARY } from './ansi';

const NONE = /[\p{M}\u200b-\u200d\ufe00-\ufe0f]/u;
const WIDE = /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/**
 * Return where each row of a text ends, when a row has room for so many letters. An empty text has one row.
 *
 * Rows end behind a word where one ends in their second half; a blank may stand beyond the room.
 */
export function wrapAt(text: string, room: number): readonly number[] {
  const most = Math.max(room, 2);
  return ORDINARY.test(text) ? wrapPlain(text, most) : wrapCells(text, most);
}

function wrapPlain(text: string, most: number): number[] {
  const ends: number[] = [];
  let from = 0;
  while (text.length - from > most) {
    const blank = text.lastIndexOf(' ', from + most);
    from = blank + 1 - from > most / 2 ? blank + 1 : from + most;
    ends.push(from);
  }
  return text.length > from || ends.length === 0 ? [...ends, text.length] : ends;
}

function wrapCells(text: string, most: number): number[] {
  const ends: number[] = [];
  // Where the row begins, how much of it is used, and both behind its last blank.
  let [at, used, afterBlank, usedAtBlank] = [0, 0, 0, 0];
  for (const character of text) {
    const width = widthOf(character);
    if (used + width > most && character !== ' ') {
      const isWord = usedAtBlank > most / 2;
      ends.push(isWord ? afterBlank : at);
      used = isWord ? used - usedAtBlank : 0;
      usedAtBlank = 0;
    }
    at += character.length;
    used += width;
    if (character === ' ') [afterBlank, usedAtBlank] = [at, used];
  }
  return [...ends, text.length];
}

function widthOf(character: string): number {
  if (NONE.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
