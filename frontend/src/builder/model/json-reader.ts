/** A reader of strict JSON that knows where everything stands. */

import type { JSONValue, Path } from './json';
import { text } from './texts';

/** Levels of nesting that the server stores (orchestration/engine/json_values.py). */
export const MAX_DEPTH = 100;

/** A place in a text: offsets from its start, in UTF-16 units as editors count them. */
export interface Span {
  from: number;
  to: number;
}

/** What is wrong, and where. */
export class Complaint extends Error {
  constructor(
    message: string,
    readonly from: number,
    readonly to: number,
  ) {
    super(message);
  }
}

const BLANK = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const LONE_SURROGATE = /\p{Surrogate}/u;
const WORDS: readonly (readonly [string, JSONValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

/** Reads one text, once. `note` is told of every value that has been read. */
export class JSONReader {
  readonly inexact: (Span & { literal: string })[] = [];
  private at = 0;
  private readonly path: (string | number)[] = [];

  constructor(
    private readonly source: string,
    private readonly note: ((path: Path, span: Span) => void) | null,
  ) {}

  document(): JSONValue {
    const value = this.value();
    this.skip();
    if (this.at < this.source.length) this.complain(text('json.more'));
    return value;
  }

  private value(): JSONValue {
    this.skip();
    const from = this.at;
    const value = this.inner();
    this.note?.(this.path, { from, to: this.at });
    return value;
  }

  private inner(): JSONValue {
    if (this.path.length > MAX_DEPTH) this.complain(text('json.deep', { levels: MAX_DEPTH }));
    const next = this.source[this.at];
    if (next === '{') return this.object();
    if (next === '[') return this.list();
    if (next === '"') return this.string();
    for (const [word, value] of WORDS) if (this.take(word)) return value;
    return this.number();
  }

  private object(): JSONValue {
    const entries = new Map<string, JSONValue>();
    this.at += 1;
    if (this.takeNext('}')) return {};
    do {
      this.skip();
      const from = this.at;
      if (this.source[from] !== '"') this.complain(text('json.key'));
      const key = this.string();
      if (entries.has(key)) throw new Complaint(text('json.twice', { key }), from, this.at);
      if (!this.takeNext(':')) this.complain(text('json.colon'));
      this.path.push(key);
      entries.set(key, this.value());
      this.path.pop();
    } while (this.takeNext(','));
    if (!this.takeNext('}')) this.complain(text('json.brace'));
    return Object.fromEntries(entries);
  }

  private list(): JSONValue {
    const items: JSONValue[] = [];
    this.at += 1;
    if (this.takeNext(']')) return items;
    do {
      this.path.push(items.length);
      items.push(this.value());
      this.path.pop();
    } while (this.takeNext(','));
    if (!this.takeNext(']')) this.complain(text('json.bracket'));
    return items;
  }

  private string(): string {
    const from = this.at;
    const literal = this.match(STRING);
    if (literal === null) this.complain(text('json.string'));
    const value = JSON.parse(literal) as string;
    if (value.includes('\0')) throw new Complaint(text('json.nul'), from, this.at);
    if (LONE_SURROGATE.test(value)) throw new Complaint(text('json.surrogate'), from, this.at);
    return value;
  }

  private number(): number {
    const from = this.at;
    const literal = this.match(NUMBER);
    if (literal === null) this.complain(text(from < this.source.length ? 'json.value' : 'json.end'));
    const value = Number(literal);
    if (!Number.isFinite(value)) throw new Complaint(text('json.infinite'), from, this.at);
    if (!isExact(literal, value)) this.inexact.push({ from, to: this.at, literal });
    return value;
  }

  private skip(): void {
    this.match(BLANK);
  }

  private take(word: string): boolean {
    if (!this.source.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  private takeNext(word: string): boolean {
    this.skip();
    return this.take(word);
  }

  private match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source);
    if (!found) return null;
    this.at = pattern.lastIndex;
    return found[0];
  }

  private complain(message: string): never {
    throw new Complaint(message, this.at, Math.min(this.at + 1, this.source.length));
  }
}

/** Integers must come out as they went in; a fraction that is rounded as every reader rounds it is no loss. */
function isExact(literal: string, value: number): boolean {
  return !/^-?\d+$/.test(literal) || BigInt(literal) === BigInt(value);
}
