/** Paths into JSON values: the ones of the builder's model. */

import { isObject, pathText, type JSONValue, type Path } from '../../builder/model/json';

export { isObject, pathText, type JSONValue, type Path };

/** The entry of a list or an object that is known to be there. */
export function stepKey(value: JSONValue, step: string | number): JSONValue {
  return (value as Record<string | number, JSONValue>)[step]!;
}

const STEP = /\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;

/** Read a path as the server writes it: `$.tasks[3].inputs["a b"]`; as far as it can be read. */
export function toPath(path: Path | string): Path {
  if (typeof path !== 'string') return path;
  const steps: (string | number)[] = [];
  STEP.lastIndex = path.startsWith('$') ? 1 : 0;
  for (let step = STEP.exec(path); step; step = STEP.exec(path)) {
    if (step[2] !== undefined) steps.push(Number(step[2]));
    else steps.push(step[1] ?? (JSON.parse(step[3]!) as string));
  }
  return steps;
}
