/**
 * Where each input of a task came from.
 *
 * The rules are the engine's (orchestration/engine/inputs.py): the results of completed dependencies are merged in declared order,
 * objects key by key and anything else under the dependency's id; then the task's own keys, with their expressions resolved, win.
 */

import { hasExpression, findReferences } from '../../builder/model/expressions';
import { eachText, sameJSON, type JSONObject, type JSONValue } from '../../builder/model/json';
import { unwrapResult } from '../../builder/model/bindings';
import { isObject } from '../../builder/model/json';

export type Origin =
  | { readonly kind: 'own' | 'hook' | 'unknown' | 'missing' }
  /** `tasks` are the names that the expression uses. */
  | { readonly kind: 'expression'; readonly tasks: readonly string[] }
  /** Ids; more than one when it can't be told which. */
  | { readonly kind: 'dependency'; readonly from: readonly string[] };

export interface Input {
  readonly key: string;
  /** Undefined when the task has no such key of its own. */
  readonly defined: JSONValue | undefined;
  /** What the executor got; undefined when it got nothing, or has not started. */
  readonly resolved: JSONValue | undefined;
  readonly origin: Origin;
}

/** A dependency that brings its result, in declared order. */
export interface Giver {
  readonly id: string;
  /** Undefined while it is not known. */
  readonly result: JSONValue | undefined;
}

/** List the inputs of a task. `resolved` is null while it has not started. */
export function inputsOf(own: JSONObject, resolved: JSONObject | null, givers: readonly Giver[]): Input[] {
  const keys = new Set([...Object.keys(own), ...Object.keys(resolved ?? {})]);
  return [...keys].map((key) => {
    const defined = Object.hasOwn(own, key) ? own[key] : undefined;
    const value = resolved && Object.hasOwn(resolved, key) ? resolved[key] : undefined;
    const isMissing = resolved !== null && value === undefined;
    return { key, defined, resolved: value, origin: isMissing ? { kind: 'missing' } : originOf(key, defined, value, givers) };
  });
}

function originOf(key: string, defined: JSONValue | undefined, value: JSONValue | undefined, givers: readonly Giver[]): Origin {
  if (defined === undefined) return fromDependency(key, givers);
  const tasks = expressionOf(defined);
  if (tasks) return { kind: 'expression', tasks };
  return value === undefined || sameJSON(defined, value) ? { kind: 'own' } : { kind: 'hook' };
}

/** The tasks that the expressions in a value name; null when there is no expression. */
function expressionOf(value: JSONValue): string[] | null {
  const names = new Set<string>();
  let isThere = false;
  eachText(value, (text) => {
    if (!hasExpression(text)) return;
    isThere = true;
    for (const { name } of findReferences(text)) names.add(name);
  });
  return isThere ? [...names] : null;
}

function fromDependency(key: string, givers: readonly Giver[]): Origin {
  const able = givers.filter((giver) => couldGive(giver, key));
  const last = able.at(-1);
  if (!last) return { kind: 'unknown' };
  // A later one wins; what comes in front of one that surely gives the key does not count.
  const sure = able.findLastIndex(({ id, result }) => result !== undefined || id === key);
  return { kind: 'dependency', from: able.slice(Math.max(sure, 0)).map(({ id }) => id) };
}

function couldGive({ id, result }: Giver, key: string): boolean {
  if (result === undefined || id === key) return true;
  const given = unwrapResult(result);
  return isObject(given) && Object.hasOwn(given, key);
}
