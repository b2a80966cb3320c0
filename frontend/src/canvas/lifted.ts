/** Edges of what is inside a collapsed group are drawn at the group, and those that then coincide as one. */

import { edgeId, type SceneEdge, type SceneNode } from './parts';

export interface DrawnEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  /** Whether one of its members is. */
  readonly required: boolean;
  readonly label: string | null;
  /** The ids of the edges that it stands for. */
  readonly members: readonly [string, ...string[]];
}

export interface LiftedEdges {
  readonly edges: ReadonlyMap<string, DrawnEdge>;
  readonly drawnAs: ReadonlyMap<string, string>;
}

/** Return the edges to draw. Edges with a missing end, and those inside one collapsed group, are not drawn. */
export function liftedEdges(edges: readonly SceneEdge[], nodes: ReadonlyMap<string, SceneNode>): LiftedEdges {
  const drawn = new Map<string, DrawnEdge>();
  const drawnAs = new Map<string, string>();
  const shownBy = standIns(nodes);
  for (const edge of edges) {
    const source = shownBy(edge.source);
    const target = shownBy(edge.target);
    if (source === null || target === null || source === target) continue;
    const id = edgeId(source, target);
    const member = edgeId(edge.source, edge.target);
    drawn.set(id, merged(drawn.get(id), { id, source, target, required: edge.required, label: edge.label, members: [member] }));
    drawnAs.set(member, id);
  }
  return { edges: drawn, drawnAs };
}

function merged(known: DrawnEdge | undefined, more: DrawnEdge): DrawnEdge {
  if (!known) return more;
  return { ...known, required: known.required || more.required, label: null, members: [...known.members, ...more.members] };
}

/** Return what shows a node: the outermost collapsed group around it, or itself; null when there is no such node. */
function standIns(nodes: ReadonlyMap<string, SceneNode>): (id: string) => string | null {
  const known = new Map<string, string>();
  const find = (id: string): string => {
    const before = known.get(id);
    if (before !== undefined) return before;
    known.set(id, id); // ends a circle of parents
    const parent = nodes.get(id)?.parent ?? null;
    const outer = parent !== null && nodes.has(parent) ? find(parent) : null;
    const hidden = outer !== null && (outer !== parent || isClosed(nodes.get(outer)));
    const found = hidden ? outer : id;
    known.set(id, found);
    return found;
  };
  return (id) => (nodes.has(id) ? find(id) : null);
}

function isClosed(node: SceneNode | undefined): boolean {
  return node?.kind === 'group' && node.collapsed;
}
