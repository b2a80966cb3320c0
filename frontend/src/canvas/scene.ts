/** What the canvas shows. It is told of changes, and tells whoever draws the changed part. */

import type { Readable } from 'svelte/store';

import { edgeId, plainLook, type CardState, type EdgeLook, type EdgeState, type NodeLook, type SceneEdge, type SceneNode } from './parts';
import { shapeOf, type Shape } from './shape';
import { Watchers } from './watchers';

export * from './parts';

const NOTHING = plainLook('');

/** What of the whole picture has changed: its structure, or only how something looks. */
export type Change = 'shape' | 'look';

export class Scene {
  #shape: Shape = shapeOf([], []);
  readonly #looks = new Map<string, NodeLook>();
  readonly #edgeStates = new Map<string, EdgeState>();
  #selected: ReadonlySet<string> = new Set();
  #current: string | null = null;
  #renaming: string | null = null;
  #dropTarget: string | null = null;
  #selectedEdge: string | null = null;
  readonly #cards = new Watchers<string>();
  readonly #edges = new Watchers<string>();
  readonly #changes = new Watchers<Change>();

  /** Where everything stands. */
  get shape(): Shape {
    return this.#shape;
  }

  /** The selected ids in the order of selecting. */
  get selected(): ReadonlySet<string> {
    return this.#selected;
  }

  /** The node that the keyboard stands on. */
  get current(): string | null {
    return this.#current;
  }

  get renaming(): string | null {
    return this.#renaming;
  }

  get dropTarget(): string | null {
    return this.#dropTarget;
  }

  /** Replace the structure. */
  setGraph(nodes: readonly SceneNode[], edges: readonly SceneEdge[]): void {
    const changed = this.#takeLooks(nodes);
    this.#shape = shapeOf(nodes, edges);
    this.#edgeStates.clear();
    for (const edge of edges) this.#edgeStates.set(edgeId(edge.source, edge.target), edge.state);
    if (this.#current !== null && !this.#shape.boxes.has(this.#current)) this.#current = null;
    this.#cards.notify(changed);
    this.#edges.notifyAll();
    this.#changes.notify(['shape']);
  }

  #takeLooks(nodes: readonly SceneNode[]): string[] {
    const changed = nodes.filter((node) => this.#looks.get(node.id) !== node.look).map((node) => node.id);
    this.#looks.clear();
    for (const node of nodes) this.#looks.set(node.id, node.look);
    return changed;
  }

  /** Change how nodes look; ids that are not there are passed over. */
  setLooks(looks: Iterable<readonly [string, NodeLook]>): void {
    const changed: string[] = [];
    for (const [id, look] of looks) {
      if (!this.#looks.has(id) || this.#looks.get(id) === look) continue;
      this.#looks.set(id, look);
      changed.push(id);
    }
    this.#tellCards(changed);
  }

  /** Change the state of edges, by `edgeId`. */
  setEdgeStates(states: Iterable<readonly [string, EdgeState]>): void {
    const changed: string[] = [];
    for (const [id, state] of states) {
      if (this.#edgeStates.get(id) === state) continue;
      this.#edgeStates.set(id, state);
      changed.push(id);
    }
    this.#tellEdges(changed);
  }

  /** Replace the selection; the last id is the one that the keyboard stands on. */
  select(ids: Iterable<string>): void {
    const before = this.#selected;
    this.#selected = new Set(ids);
    const last = [...this.#selected].at(-1) ?? this.#current;
    const changed = [...before].filter((id) => !this.#selected.has(id));
    changed.push(...[...this.#selected].filter((id) => !before.has(id)));
    this.#tellCards(changed);
    this.stand(last);
  }

  /** Mark an edge as selected, by `edgeId`, or none. */
  selectEdge(id: string | null): void {
    const before = this.#selectedEdge;
    this.#selectedEdge = id;
    this.#tellEdges(pair(before, id));
  }

  /** Put the keyboard on a node. */
  stand(id: string | null): void {
    const before = this.#current;
    this.#current = id;
    this.#tellCards(pair(before, id));
  }

  /** Show the field for a node's name, or none. */
  rename(id: string | null): void {
    const before = this.#renaming;
    this.#renaming = id;
    this.#tellCards(pair(before, id));
  }

  /** Mark the group that takes in what is being dragged. */
  markDropTarget(id: string | null): void {
    const before = this.#dropTarget;
    this.#dropTarget = id;
    this.#tellCards(pair(before, id));
  }

  #tellCards(ids: readonly string[]): void {
    if (!ids.length) return;
    this.#cards.notify(ids);
    this.#changes.notify(['look']);
  }

  #tellEdges(ids: readonly string[]): void {
    const drawn = new Set(ids.flatMap((id) => this.#shape.drawnAs.get(id) ?? []));
    if (!drawn.size) return;
    this.#edges.notify(drawn);
    this.#changes.notify(['look']);
  }

  look(id: string): NodeLook {
    return this.#looks.get(id) ?? NOTHING;
  }

  /** The state of a drawn edge: of merged ones the most noteworthy. */
  edgeState(drawn: string): EdgeState {
    const members = this.#shape.edges.get(drawn)?.members ?? [];
    const states = new Set(members.map((id) => this.#edgeStates.get(id)));
    return EDGE_RANK.find((state) => states.has(state)) ?? 'idle';
  }

  /** A store of one card, for its component. */
  card(id: string): Readable<CardState> {
    return this.#cards.readable(id, () => this.cardState(id));
  }

  cardState(id: string): CardState {
    return {
      look: this.look(id),
      selected: this.#selected.has(id),
      current: this.#current === id,
      renaming: this.#renaming === id,
      dropTarget: this.#dropTarget === id,
    };
  }

  /** Whether one of the edges that it stands for is selected. */
  isEdgeSelected(drawn: string): boolean {
    return this.#selectedEdge !== null && this.#shape.drawnAs.get(this.#selectedEdge) === drawn;
  }

  /** A store of how one drawn edge looks. */
  edge(drawn: string): Readable<EdgeLook> {
    return this.#edges.readable(drawn, () => ({ state: this.edgeState(drawn), selected: this.isEdgeSelected(drawn) }));
  }

  /** Call `listener` after every change of that kind; returns how to stop. */
  onChange(change: Change, listener: () => void): () => void {
    return this.#changes.watch(change, listener);
  }
}

/** Of the states of merged edges, the first that one of them has is shown. */
const EDGE_RANK: readonly EdgeState[] = ['running', 'blocked', 'done', 'idle'];

function pair(before: string | null, after: string | null): string[] {
  return before === after ? [] : [before, after].filter((id) => id !== null);
}
