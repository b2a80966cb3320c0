/** JSON as text: strict reading, with the place of what is wrong and of every value. */

import type { JSONValue, Path } from './json';
import { Complaint, JSONReader, type Span } from './json-reader';

export { MAX_DEPTH, type Span } from './json-reader';

/** What keeps a text from being strict JSON. `line` and `column` count from 1. */
export interface TextProblem extends Span {
  line: number;
  column: number;
  message: string;
}

export interface ReadJSON {
  value: JSONValue;
  /** Numbers that a browser can't hold exactly; writing the document again would change them. */
  inexact: readonly (Span & { literal: string })[];
}

/** Read strict JSON, as the server does: no key twice in an object, no half surrogate pairs, no NUL, 100 levels. */
export function readJSON(source: string): ReadJSON | TextProblem {
  const reader = new JSONReader(source.startsWith('\ufeff') ? ` ${source.slice(1)}` : source, null);
  try {
    return { value: reader.document(), inexact: reader.inexact };
  } catch (error) {
    if (error instanceof Complaint) return problemAt(source, error);
    throw error;
  }
}

/** Tell a problem from a value that was read. */
export function isProblem(read: ReadJSON | TextProblem): read is TextProblem {
  return 'message' in read;
}

/** Find where the value at a path stands in a text of valid JSON; null when there is none. */
export function locate(source: string, path: Path): Span | null {
  let found: Span | null = null;
  const wanted = JSON.stringify(path);
  const reader = new JSONReader(source, (here, span) => {
    if (here.length === path.length && JSON.stringify(here) === wanted) found = span;
  });
  try {
    reader.document();
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
  }
  return found;
}

function problemAt(source: string, { message, from, to }: Complaint): TextProblem {
  const before = source.slice(0, from).split('\n');
  return { from, to, line: before.length, column: before.at(-1)!.length + 1, message };
}
