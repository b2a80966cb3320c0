/** The cards and edges that are elements of the page: the same objects as long as nothing about them changed. */

import { curveBetween, type Curve } from '../curves';
import type { Box, Point } from '../geometry';
import type { DrawnEdge } from '../lifted';
import { isFrame } from '../shape';
import type { Stage } from '../stage';
import { edgeName } from '../words';

export interface PlacedCard {
  readonly id: string;
  readonly kind: 'task' | 'group';
  readonly collapsed: boolean;
  readonly box: Box;
  /** Higher ones lie above lower ones. */
  readonly layer: number;
}

export interface PlacedEdge {
  readonly id: string;
  readonly drawn: DrawnEdge;
  readonly curve: Curve;
  readonly name: string;
}

/** Frames lie below the edges, and edges below the cards. */
export const EDGES_LAYER = 100;
const CARDS_LAYER = 200;
const CARRIED_LAYER = 300;

export class Elements {
  readonly #stage: Stage;
  #cards = new Map<string, PlacedCard>();
  #edges = new Map<string, PlacedEdge>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** The cards near the view. */
  cards(): PlacedCard[] {
    const before = this.#cards;
    this.#cards = new Map();
    for (const id of inOrder(before, new Set(this.#ids()))) this.#cards.set(id, this.#card(id, before.get(id)));
    return [...this.#cards.values()];
  }

  /** The edges between them. Call it after `cards`. */
  edges(): PlacedEdge[] {
    const before = this.#edges;
    this.#edges = new Map();
    for (const drawn of this.#between()) this.#edges.set(drawn.id, this.#edge(drawn, before.get(drawn.id)));
    return [...this.#edges.values()];
  }

  /** What is handed over, what is carried, wherever it came from, and the card that may have the focus. */
  #ids(): string[] {
    const { handed, carried, scene } = this.#stage;
    if (handed === null) return [];
    const further = [...(carried?.ids ?? []), ...(scene.current === null ? [] : [scene.current])];
    return [...handed, ...further.filter((id) => scene.shape.boxes.has(id))];
  }

  #card(id: string, before: PlacedCard | undefined): PlacedCard {
    const { kind, collapsed } = this.#stage.scene.shape.nodes.get(id)!;
    const card = { id, kind, collapsed, box: this.#stage.boxOf(id)!, layer: this.#layer(id) };
    return before && sameCard(before, card) ? before : card;
  }

  #layer(id: string): number {
    const { scene, carried } = this.#stage;
    const { nodes, depths } = scene.shape;
    const depth = depths.get(id) ?? 0;
    if (isFrame(nodes.get(id))) return depth;
    return (carried?.ids.has(id) ? CARRIED_LAYER : CARDS_LAYER) + depth;
  }

  *#between(): Generator<DrawnEdge> {
    const { edgesOf } = this.#stage.scene.shape;
    for (const id of this.#cards.keys()) {
      for (const edge of edgesOf.get(id) ?? []) if (edge.source === id && this.#cards.has(edge.target)) yield edge;
    }
  }

  #edge(drawn: DrawnEdge, before: PlacedEdge | undefined): PlacedEdge {
    const { scene } = this.#stage;
    const curve = curveBetween(this.#cards.get(drawn.source)!.box, this.#cards.get(drawn.target)!.box);
    if (before?.drawn === drawn && samePoint(before.curve.from, curve.from) && samePoint(before.curve.to, curve.to)) return before;
    const name = edgeName(scene.look(drawn.source).title, scene.look(drawn.target).title, drawn.required);
    return { id: drawn.id, drawn, curve, name };
  }
}

/** What was there before stays in its order: an element that is moved in the page loses the focus. */
function inOrder(before: ReadonlyMap<string, unknown>, ids: ReadonlySet<string>): string[] {
  return [...[...before.keys()].filter((id) => ids.has(id)), ...[...ids].filter((id) => !before.has(id))];
}

function sameCard(a: PlacedCard, b: PlacedCard): boolean {
  return a.kind === b.kind && a.collapsed === b.collapsed && a.layer === b.layer && samePoint(a.box, b.box)
    && a.box.width === b.box.width && a.box.height === b.box.height;
}

function samePoint(a: Point, b: Point): boolean {
  return a.x === b.x && a.y === b.y;
}
