/** Paths as the server writes them, `$.tasks[3].inputs["a b"]`, as steps. */

import type { Path } from '../model/json';

const STEP = /\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/y;

/** Read a path; what can't be read ends it. */
export function readServerPath(written: string): Path {
  const path: (string | number)[] = [];
  STEP.lastIndex = written.startsWith('$') ? 1 : 0;
  for (let match = STEP.exec(written); match; match = STEP.exec(written)) {
    const [, key, index, quoted] = match;
    path.push(key ?? (index === undefined ? (JSON.parse(`"${quoted}"`) as string) : Number(index)));
  }
  return path;
}
