/** Checks of JSON that came from elsewhere. Each notes what is wrong and where, and goes on. */

import type { JSONValue } from '../../core/live';
import { say } from './words';

export type Fields = { readonly [name: string]: JSONValue };

/** Something that is wrong; `path` is like `$.tasks[3].status`. */
export interface Complaint {
  readonly path: string;
  readonly message: string;
}

/** Complaints that are kept; a file with more is wrong altogether. */
const MOST = 20;

export class Complaints {
  readonly kept: Complaint[] = [];
  count = 0;

  add(path: string, message: string): void {
    this.count += 1;
    if (this.kept.length < MOST) this.kept.push({ path, message });
  }
}

/** Looks at a value at a place; true when it is as it must be. */
export type Check = (value: JSONValue | undefined, path: string, complaints: Complaints) => boolean;

function must(message: () => string, test: (value: JSONValue | undefined) => boolean): Check {
  return (value, path, complaints) => {
    const isRight = test(value);
    if (!isRight) complaints.add(path, message());
    return isRight;
  };
}

export const text = must(() => say('must.text'), (value) => typeof value === 'string');
export const number = must(() => say('must.number'), (value) => typeof value === 'number');
export const flag = must(() => say('must.flag'), (value) => typeof value === 'boolean');
export const time = must(() => say('must.time'), (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)));
export const object = must(() => say('must.object'), isFields);

/** One of these texts. */
export function oneOf(known: readonly string[]): Check {
  return must(() => say('must.status', { known: known.join(', ') }), (value) => typeof value === 'string' && known.includes(value));
}

/** Null, or what another check says. */
export function orNull(check: Check): Check {
  return (value, path, complaints) => value === null || check(value, path, complaints);
}

/** An object whose fields are as these checks say; others may be there too. */
export function fields(checks: Readonly<Record<string, Check>>): Check {
  return (value, path, complaints) => {
    if (!object(value, path, complaints)) return false;
    const results = Object.entries(checks).map(([name, check]) => check((value as Fields)[name], `${path}.${name}`, complaints));
    return results.every(Boolean);
  };
}

/** A list of what another check says. */
export function listOf(check: Check): Check {
  return (value, path, complaints) => {
    if (!Array.isArray(value)) {
      complaints.add(path, say('must.list'));
      return false;
    }
    return value.map((item, index) => check(item, `${path}[${index}]`, complaints)).every(Boolean);
  };
}

export function isFields(value: JSONValue | undefined): value is { [name: string]: JSONValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
