/**
 * Reads what a program wrote to its terminal: lines of plain text, and how the parts of each look.
 *
 * Colours are kept, every other escape sequence is dropped, and nothing else is: an escape that does not end hides no text. One
 * pass over the text, whatever is in it.
 */

import { applySGR, classesOf, PLAIN, type Look } from './sgr';

/** A part of a line with a look of its own, up to `to`. */
export interface Run {
  readonly to: number;
  /** Names of classes; empty for text as usual. */
  readonly look: string;
}

export interface TextLine {
  readonly text: string;
  /** In order, without a hole; empty when all of it is as usual. */
  readonly runs: readonly Run[];
}

/** What needs no reading: one line of ordinary characters. */
export const ORDINARY = /^[\x20-\x7e]*$/;

const TAB = 8;
// eslint-disable-next-line no-control-regex
const SPECIAL = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const STRINGS = 'PX]^_';

/** Read a message as lines; there is always one. */
export function readTerminal(message: string): readonly TextLine[] {
  if (ORDINARY.test(message)) return [{ text: message, runs: [] }];
  return new Reader(message).read();
}

class Reader {
  private readonly lines: TextLine[] = [];
  private text = '';
  private runs: Run[] = [];
  private look: Look = PLAIN;
  private classes = '';
  /** Up to here no string of an escape sequence ends. */
  private endless = -1;

  constructor(private readonly message: string) {}

  read(): readonly TextLine[] {
    const { message } = this;
    let at = 0;
    while (at < message.length) {
      SPECIAL.lastIndex = at;
      const next = SPECIAL.exec(message)?.index ?? message.length;
      this.text += message.slice(at, next);
      at = next < message.length ? this.special(next) : next;
    }
    // A line that only ends the one before it is none.
    if (this.text !== '' || this.lines.length === 0) this.endLine();
    return this.lines;
  }

  /** Deal with one special character, and return where to go on. */
  private special(at: number): number {
    const code = this.message.charCodeAt(at);
    if (code === 0x1b) return this.escape(at + 1);
    if (code === 0x9b) return this.control(at + 1);
    if (code === 0x0a || code === 0x0d) {
      this.endLine();
      return at + (code === 0x0d && this.message.charCodeAt(at + 1) === 0x0a ? 2 : 1);
    }
    if (code === 0x09) this.text += ' '.repeat(TAB - (this.text.length % TAB));
    // What turns the direction of writing round could show a text as another one.
    else if (code > 0x9f) this.text += `‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›`;
    return at + 1;
  }

  private escape(at: number): number {
    const { message } = this;
    const kind = message[at];
    if (kind === '[') return this.control(at + 1);
    if (kind !== undefined && STRINGS.includes(kind)) return this.string(at + 1);
    let end = at;
    while (isWithin(message, end, 0x20, 0x2f)) end += 1;
    return isWithin(message, end, 0x30, 0x7e) ? end + 1 : end;
  }

  /** `ESC [`, parameters, and a letter that says what they do. */
  private control(at: number): number {
    const { message } = this;
    let end = at;
    while (isWithin(message, end, 0x30, 0x3f)) end += 1;
    const parameters = message.slice(at, end);
    while (isWithin(message, end, 0x20, 0x2f)) end += 1;
    if (!isWithin(message, end, 0x40, 0x7e)) return end;
    if (message[end] === 'm' && /^[\d;:]*$/.test(parameters)) this.dress(parameters);
    return end + 1;
  }

  /** A title, a link …: up to its end, which stands in the same line. */
  private string(at: number): number {
    const { message } = this;
    if (at <= this.endless) return at;
    for (let end = at; end < message.length; end += 1) {
      const code = message.charCodeAt(end);
      if (code === 0x07 || code === 0x9c) return end + 1;
      if (code === 0x1b && message[end + 1] === '\\') return end + 2;
      if (code === 0x0a || code === 0x0d) break;
      this.endless = end;
    }
    return at;
  }

  private dress(parameters: string): void {
    this.endRun();
    this.look = applySGR(this.look, parameters);
    this.classes = classesOf(this.look);
  }

  private endRun(): void {
    const last = this.runs.at(-1);
    if (this.text.length === (last?.to ?? 0)) return;
    if (last?.look === this.classes) this.runs[this.runs.length - 1] = { to: this.text.length, look: this.classes };
    else this.runs.push({ to: this.text.length, look: this.classes });
  }

  private endLine(): void {
    this.endRun();
    const isPlain = this.runs.every((run) => run.look === '');
    this.lines.push({ text: this.text, runs: isPlain ? [] : this.runs });
    this.text = '';
    this.runs = [];
  }
}

function isWithin(text: string, at: number, from: number, to: number): boolean {
  const code = text.charCodeAt(at);
  return code >= from && code <= to;
}
