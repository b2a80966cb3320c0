/** Finding names by a few of their letters. */

/** Where the letters of a query are in a text, and how well they fit: more is better. */
export interface Match {
  readonly score: number;
  /** Positions in the text, ascending. */
  readonly at: readonly number[];
}

const WORD_START = 9;
const FOLLOWS = 6;
const WHOLE_WORD = 12;
const FIRST = 6;

const fold = (text: string): string => text.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '');

/** Match each word of a query against a text; null when one is not in it. An empty query fits everything equally. */
export function fuzzy(query: string, text: string): Match | null {
  const words = fold(query).split(/\s+/).filter(Boolean);
  // Folding may change the length; then the letters can't be shown, but are still found.
  const folded = fold(text);
  const shown = folded.length === text.length;
  const at = new Set<number>();
  let score = 0;
  for (const word of words) {
    const match = matchWord(word, folded, text);
    if (!match) return null;
    score += match.score;
    if (shown) match.at.forEach((position) => at.add(position));
  }
  return { score: words.length === 0 ? 0 : score - folded.length / 50, at: [...at].sort((a, b) => a - b) };
}

/** Match one word: as a whole, where it is one, else letter by letter. */
function matchWord(word: string, folded: string, text: string): Match | null {
  const whole = bestOccurrence(word, folded, text);
  if (whole !== null) {
    const at = [...word].map((_, index) => whole + index);
    return { at, score: word.length * FOLLOWS + WHOLE_WORD + (startsWord(text, whole) ? WORD_START : 0) + (whole === 0 ? FIRST : 0) };
  }
  return matchLetters(word, folded, text);
}

function bestOccurrence(word: string, folded: string, text: string): number | null {
  let found: number | null = null;
  for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1)) {
    if (startsWord(text, at)) return at;
    found ??= at;
  }
  return found;
}

/** Each letter at the start of a word where there is one, else at the next place. */
function matchLetters(word: string, folded: string, text: string): Match | null {
  const at: number[] = [];
  let score = 0;
  for (let index = 0; index < word.length; index += 1) {
    const from = (at.at(-1) ?? -1) + 1;
    const position = nextPlace(word, index, folded, text, from);
    if (position < 0) return null;
    score += position === from && index > 0 ? FOLLOWS : startsWord(text, position) ? WORD_START : 1;
    at.push(position);
  }
  return { at, score: score - (at.at(-1)! - at[0]!) / 10 };
}

function nextPlace(word: string, index: number, folded: string, text: string, from: number): number {
  const next = folded.indexOf(word[index]!, from);
  if (next === from) return next;
  for (let at = next; at >= 0; at = folded.indexOf(word[index]!, at + 1)) {
    if (startsWord(text, at) && holds(word.slice(index + 1), folded, at + 1)) return at;
  }
  return next;
}

function holds(letters: string, folded: string, from: number): boolean {
  let at = from;
  for (const letter of letters) {
    at = folded.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

function startsWord(text: string, at: number): boolean {
  if (at === 0) return true;
  const [before, here] = [text[at - 1]!, text[at]!];
  if (!/[\p{L}\p{N}]/u.test(before)) return true;
  return /\p{Lu}/u.test(here) && !/\p{Lu}/u.test(before);
}
