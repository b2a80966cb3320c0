/** Where a text names tasks in its `{{ … }}` expressions. Strings, comments and raw text have none. */

/** One `tasks.NAME` or `tasks["NAME"]` in a text; `from` and `to` enclose all of it. */
export interface TaskReference {
  name: string;
  from: number;
  to: number;
}

const OPENINGS = /\{\{|\{%|\{#/g;
const RAW = /\{%[-+]?\s*raw\s*[-+]?%\}[\s\S]*?(?:\{%[-+]?\s*endraw\s*[-+]?%\}|$)/y;
const STRING = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y;
const WORD = /[\p{L}\p{N}_]+/uy;
const ATTRIBUTE = /\s*\.\s*([\p{L}_][\p{L}\p{N}_]*)/uy;
const ITEM = /\s*\[\s*('(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*")\s*\]/y;

/** Tell whether a text has anything for Jinja in it. */
export function hasExpression(text: string): boolean {
  return text.includes('{{') || text.includes('{%') || text.includes('{#');
}

/** List the tasks that a text's expressions name, in their order. */
export function findReferences(text: string): TaskReference[] {
  const found: TaskReference[] = [];
  if (!hasExpression(text)) return found;
  OPENINGS.lastIndex = 0;
  for (let opening = OPENINGS.exec(text); opening; opening = OPENINGS.exec(text)) {
    OPENINGS.lastIndex = endOf(text, opening, found);
  }
  return found;
}

function endOf(text: string, { 0: opening, index }: RegExpExecArray, found: TaskReference[]): number {
  if (opening === '{#') {
    const end = text.indexOf('#}', index + 2);
    return end < 0 ? text.length : end + 2;
  }
  const raw = match(RAW, text, index);
  if (raw) return index + raw[0].length;
  return scan(text, index + 2, opening === '{{' ? '}}' : '%}', found);
}

/** Go through one expression, up to its closing mark. */
function scan(text: string, start: number, closing: string, found: TaskReference[]): number {
  let at = start;
  let braces = 0;
  let isAttribute = false;
  while (at < text.length) {
    if (braces === 0 && text.startsWith(closing, at)) return at + closing.length;
    const token = match(STRING, text, at) ?? match(WORD, text, at);
    if (token?.[0] === 'tasks' && !isAttribute) {
      const reference = referenceAt(text, at);
      if (reference) found.push(reference);
      at = reference?.to ?? at + token[0].length;
    } else at += token?.[0].length ?? 1;
    const last = text[at - 1];
    if (!token) {
      if (last === '{') braces += 1;
      else if (last === '}') braces -= 1;
    }
    isAttribute = token ? false : last === '.' || (isAttribute && /\s/.test(last!));
  }
  return at;
}

function referenceAt(text: string, from: number): TaskReference | null {
  const after = from + 'tasks'.length;
  const attribute = match(ATTRIBUTE, text, after);
  if (attribute) return { name: attribute[1]!, from, to: after + attribute[0].length };
  const item = match(ITEM, text, after);
  return item ? { name: readString(item[1]!), from, to: after + item[0].length } : null;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', a: '\x07' };

/** Read a string of an expression, with its quotes. */
function readString(literal: string): string {
  return literal.slice(1, -1).replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\s\S]))/g, (whole, x, u, other) => {
    if (x || u) return String.fromCharCode(parseInt(x ?? u, 16));
    if (`\\'"`.includes(other)) return other as string;
    return ESCAPES[other as string] ?? whole;
  });
}

// What Python's dict answers to before its keys are looked at, so that `tasks.items` is a method and no task.
const METHODS: ReadonlySet<string> = new Set([
  ...['clear', 'copy', 'fromkeys', 'get', 'items', 'keys', 'pop', 'popitem', 'setdefault', 'update', 'values'],
]);

/** Write the step to a key: `.rows`, or `["a b"]` where a name won't do. */
export function stepText(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  const isPlain = /^[A-Za-z][A-Za-z0-9_]*$/.test(key) && !METHODS.has(key);
  return isPlain ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** Write how an expression names a task: `tasks.fetch`, `tasks["Fetch users"]`. */
export function referenceText(name: string): string {
  return `tasks${stepText(name)}`;
}

/** Replace the tasks that a text names; null leaves one as it is. */
export function replaceReferences(text: string, replacement: (name: string) => string | null): string {
  let result = text;
  for (const { name, from, to } of findReferences(text).reverse()) {
    const next = replacement(name);
    if (next !== null && next !== name) result = result.slice(0, from) + referenceText(next) + result.slice(to);
  }
  return result;
}
