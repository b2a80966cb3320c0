/** Finds the boxes in a place without looking at all of them. */

import { overlaps, type Box } from './geometry';

const CELL = 600;

export class Grid {
  readonly #cells = new Map<string, string[]>();
  readonly #boxes: ReadonlyMap<string, Box>;

  constructor(boxes: ReadonlyMap<string, Box>) {
    this.#boxes = boxes;
    for (const [id, box] of boxes) {
      for (const key of cellsOf(box)) {
        const cell = this.#cells.get(key);
        if (cell) cell.push(id);
        else this.#cells.set(key, [id]);
      }
    }
  }

  /** Return the ids whose boxes overlap this one. */
  query(box: Box): Set<string> {
    const found = new Set<string>();
    if (this.#isLarge(box)) this.#addOverlapping(found, this.#boxes.keys(), box);
    else for (const key of cellsOf(box)) this.#addOverlapping(found, this.#cells.get(key) ?? [], box);
    return found;
  }

  /** Whether going through the cells would take longer than going through everything. */
  #isLarge(box: Box): boolean {
    return (box.width / CELL + 1) * (box.height / CELL + 1) > 2 * this.#cells.size;
  }

  #addOverlapping(found: Set<string>, ids: Iterable<string>, box: Box): void {
    for (const id of ids) if (overlaps(this.#boxes.get(id)!, box)) found.add(id);
  }
}

function* cellsOf(box: Box): Generator<string> {
  const right = Math.floor((box.x + box.width) / CELL);
  const bottom = Math.floor((box.y + box.height) / CELL);
  for (let column = Math.floor(box.x / CELL); column <= right; column += 1) {
    for (let row = Math.floor(box.y / CELL); row <= bottom; row += 1) yield `${column} ${row}`;
  }
}
