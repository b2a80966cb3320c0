/** Merging values that two people have changed: objects key by key, lists of dependencies edge by edge. */

import { allKeys, valueOf } from './diff';
import { isObject, sameJSON, withKey, withoutKey, type JSONObject, type JSONValue, type Path } from './json';
import { readDependency } from './task';

/** `undefined` is a value that is not there. */
export interface Sides<T> {
  base: T;
  mine: T;
  theirs: T;
}

export type Value = JSONValue | undefined;

/** Told of each value that both have changed, each in another way; the merged document has mine. */
export type OnConflict = (path: Path, sides: Sides<Value>) => void;

/** Merge one value. Where both have changed it, objects are merged key by key. */
export function mergeValues(path: Path, sides: Sides<Value>, conflict: OnConflict): Value {
  const settled = settle(sides);
  if (settled) return settled.value;
  const { base, mine, theirs } = sides;
  if (isObject(mine) && isObject(theirs)) {
    return mergeObjects(path, { base: isObject(base) ? base : {}, mine, theirs }, conflict);
  }
  conflict(path, sides);
  return mine;
}

/** Merge objects key by key; a key's default counts as it being left out. */
export function mergeObjects<T extends Readonly<JSONObject>>(
  path: Path,
  { base, mine, theirs }: Sides<T>,
  conflict: OnConflict,
  defaultOf?: (key: string) => Value,
  mergeField: typeof mergeValues = mergeValues,
): T {
  let merged = mine;
  for (const key of allKeys(base, mine, theirs)) {
    const sides = {
      base: valueOf(base, key, defaultOf),
      mine: valueOf(mine, key, defaultOf),
      theirs: valueOf(theirs, key, defaultOf),
    };
    const value = mergeField([...path, key], sides, conflict);
    if (sameJSON(value, sides.mine)) continue;
    const raw = sameJSON(value, sides.theirs) ? valueOf(theirs, key) : value;
    merged = raw === undefined ? withoutKey(merged, key) : withKey(merged, key, raw);
  }
  return merged;
}

/** The value on which both sides agree, or that only one of them has changed; null when both have. */
export function settle({ base, mine, theirs }: Sides<Value>): { value: Value } | null {
  if (sameJSON(mine, theirs) || sameJSON(theirs, base)) return { value: mine };
  return sameJSON(mine, base) ? { value: theirs } : null;
}

/** Merge dependencies edge by edge, and then their order. What is no edge is merged as a whole. */
export function mergeDependencies(path: Path, sides: Sides<Value>, conflict: OnConflict): Value {
  const settled = settle(sides);
  if (settled) return settled.value;
  const base = edgesById(sides.base);
  const mine = edgesById(sides.mine);
  const theirs = edgesById(sides.theirs);
  if (!base || !mine || !theirs) return mergeValues(path, sides, conflict);
  const edges = new Map<string, JSONValue>();
  for (const id of new Set([...mine.keys(), ...theirs.keys(), ...base.keys()])) {
    const edge = mergeEdge([...path, id], { base: base.get(id), mine: mine.get(id), theirs: theirs.get(id) }, conflict);
    if (edge !== undefined) edges.set(id, edge);
  }
  const orders = { base: [...base.keys()], mine: [...mine.keys()], theirs: [...theirs.keys()] };
  const { order, isContested } = mergeOrders(orders, new Set(edges.keys()));
  if (isContested) conflict(path, sides);
  return order.map((id) => edges.get(id)!);
}

function mergeEdge(path: Path, sides: Sides<Value>, conflict: OnConflict): Value {
  const isRequired = (edge: Value) => (edge === undefined ? undefined : readDependency(edge)!.required);
  const flags = { base: isRequired(sides.base), mine: isRequired(sides.mine), theirs: isRequired(sides.theirs) };
  const settled = settle(flags);
  if (settled) return settled.value === flags.mine ? sides.mine : sides.theirs;
  conflict(path, sides);
  // Deleted by one and changed by the other: kept, because what is gone can't be looked at.
  return sides.mine ?? sides.theirs;
}

function edgesById(list: Value): Map<string, JSONValue> | null {
  if (!Array.isArray(list)) return null;
  const edges = new Map<string, JSONValue>();
  for (const item of list) {
    const edge = readDependency(item);
    if (!edge || edges.has(edge.id)) return null;
    edges.set(edge.id, item);
  }
  return edges;
}

/**
 * Merge the orders of what is in `kept`. What only they have goes behind what it followed with them.
 *
 * `isContested` when both have moved what was there before, each in another way; the order is mine then.
 */
export function mergeOrders(
  { base, mine, theirs }: Sides<readonly string[]>,
  kept: ReadonlySet<string>,
): { order: string[]; isContested: boolean } {
  const [ofMine, ofTheirs] = [new Set(mine), new Set(theirs)];
  const common = new Set(base.filter((id) => ofMine.has(id) && ofTheirs.has(id)));
  const orderOf = (ids: readonly string[]) => ids.filter((id) => common.has(id)).join('\n');
  const hasMoved = { mine: orderOf(mine) !== orderOf(base), theirs: orderOf(theirs) !== orderOf(base) };
  const isMineLeading = hasMoved.mine || !hasMoved.theirs;
  const [leading, other] = isMineLeading ? [mine, theirs] : [theirs, mine];
  const isContested = hasMoved.mine && hasMoved.theirs && orderOf(mine) !== orderOf(theirs);
  const order = [...leading];
  const placed = new Set(leading);
  for (const source of [other, base]) interleave(order, placed, source);
  return { order: order.filter((id) => kept.has(id)), isContested };
}

function interleave(order: string[], placed: Set<string>, source: readonly string[]): void {
  source.forEach((id, index) => {
    if (placed.has(id)) return;
    const before = index === 0 ? -1 : order.indexOf(source[index - 1]!);
    order.splice(before + 1, 0, id);
    placed.add(id);
  });
}
