/** Which tasks would start when, for the badge on a card and the list view. */

import { startOrder, type StartOrder } from '../model/start-order';
import type { TreeDocument } from '../model/document';

/** Slots that the preview assumes to begin with: what a worker has is more than any tree needs to be told apart. */
export const DEFAULT_SLOTS = 4;

let last: { document: TreeDocument; slots: number; order: StartOrder } | null = null;

/** Return the order; asked again for the same document it is not computed again. */
export function orderOf(document: TreeDocument, slots: number, known: ReadonlySet<string>): StartOrder {
  if (last?.document !== document || last.slots !== slots) last = { document, slots, order: startOrder(document, slots, known) };
  return last.order;
}

/** The places as numbers from 1, for the badges. */
export function badgesOf(order: StartOrder): Map<string, number> {
  return new Map([...order.places].map(([id, { place }]) => [id, place + 1]));
}
