/** What is wrong in a JSON text, and where: in its form, and what others say of its values. */

import { isProblem, locate, readJSON, type Span } from '../../builder/model/json-text';
import { text } from '../texts';
import { toPath, type Path } from './paths';

/** Something that is wrong with the value at a path; the path may be the text that the server sends. */
export interface ValueProblem {
  readonly path: Path | string;
  readonly message: string;
}

export interface Marked extends Span {
  readonly message: string;
  /** `syntax` keeps the text from being JSON at all. */
  readonly kind: 'syntax' | 'value';
}

/** Mark what is wrong in a text. While it is no JSON, nothing can be said of its values. */
export function marked(source: string, problems: readonly ValueProblem[] = []): Marked[] {
  const read = readJSON(source);
  if (isProblem(read)) return [{ from: read.from, to: Math.max(read.to, read.from), message: placed(read), kind: 'syntax' }];
  return problems.map(({ path, message }) => ({ ...spanOf(source, toPath(path)), message, kind: 'value' as const }));
}

function placed({ line, column, message }: { line: number; column: number; message: string }): string {
  return text('json.error', { line, column, message });
}

/** Where a value stands; what is missing is marked at the nearest thing around it that is there. */
function spanOf(source: string, path: Path): Span {
  for (let length = path.length; length >= 0; length -= 1) {
    const span = locate(source, path.slice(0, length));
    if (span) return length === path.length ? span : { from: span.from, to: span.from + 1 };
  }
  return { from: 0, to: Math.min(1, source.length) };
}
