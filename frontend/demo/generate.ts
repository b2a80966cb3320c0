/** Graphs for looking at: layers of tasks, a third of them in groups; the same number gives the same graph. */

import { plainLook, TASK_SIZE, type NodeLook, type SceneEdge, type SceneNode, type Status } from '../src/canvas/scene';
import { layout } from '../src/builder/model/layout';

const VERBS = ['Fetch', 'Clean', 'Merge', 'Train', 'Check', 'Publish', 'Notify', 'Resize', 'Index', 'Summarise', 'Archive', 'Translate'];
const THINGS = ['orders', 'customers', 'weather by region', 'the nightly report', 'invoices', 'model', 'thumbnails', 'search index', 'sensor readings'];
const EXECUTORS = ['rest_executor', 'python', 'sql_query', 'system_info_executor', 'send_mail', 'llm_completion', 'scrape_executor'];
const STATUSES: readonly Status[] = ['completed', 'completed', 'completed', 'in_progress', 'waiting', 'pending', 'failed', 'blocked', 'retrying', 'cancelled', 'reused'];
const WORDS: Readonly<Record<Status, string>> = {
  pending: 'Pending', waiting: 'Waiting', in_progress: 'In progress', completed: 'Completed', reused: 'Reused',
  failed: 'Failed', blocked: 'Blocked', cancelled: 'Cancelled', retrying: 'Retrying',
};

export type Random = () => number;

/** A small generator with a seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Graph {
  readonly nodes: SceneNode[];
  readonly edges: SceneEdge[];
}

/** Generate a graph of `count` tasks. */
export function generate(count: number, withStatus: boolean): Graph {
  const random = randomFrom(count);
  const ids = Array.from({ length: count }, (_, index) => `task-${index}`);
  const groups = groupsOf(ids);
  const nodes = [...groups.keys()].map((id) => groupNode(id, groups.get(id)!, withStatus));
  for (const id of ids) nodes.push(taskNode(id, groupIn(groups, id), random, withStatus));
  const edges = edgesOf(ids, nodes, random, withStatus);
  return { nodes: placed(nodes, edges), edges };
}

function groupsOf(ids: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (let from = 4; from + 6 < ids.length; from += 18) groups.set(`group-${groups.size}`, ids.slice(from, from + 6));
  return groups;
}

function groupIn(groups: ReadonlyMap<string, readonly string[]>, id: string): string | null {
  for (const [group, members] of groups) if (members.includes(id)) return group;
  return null;
}

function groupNode(id: string, members: readonly string[], withStatus: boolean): SceneNode {
  const collapsed = Number(id.slice(6)) % 3 === 2;
  const look = plainLook(`Stage ${Number(id.slice(6)) + 1}`, { subtitle: 'aggregate', count: members.length, ...(withStatus ? { status: 'in_progress', word: 'In progress', progress: 0.4 } : {}) });
  return { id, parent: null, kind: 'group', collapsed, x: 0, y: 0, ...TASK_SIZE, look };
}

function taskNode(id: string, parent: string | null, random: Random, withStatus: boolean): SceneNode {
  return { id, parent, kind: 'task', collapsed: false, x: 0, y: 0, ...TASK_SIZE, look: randomLook(random, withStatus) };
}

/** Return any look. */
export function randomLook(random: Random, withStatus: boolean): NodeLook {
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)]!;
  const rare = () => random() < 0.1;
  const look = plainLook(`${pick(VERBS)} ${pick(THINGS)}`, {
    subtitle: pick(EXECUTORS), priority: pick([2, 2, 2, 1, 0, 3] as const), pinned: rare(), note: rare() ? 'Ask Ada before changing this' : null,
  });
  if (!withStatus) return { ...look, disabled: rare(), problems: rare() ? { count: 2, worst: 'error' } : rare() ? { count: 1, worst: 'warning' } : null };
  return { ...look, ...statusLook(pick(STATUSES), random) };
}

function statusLook(status: Status, random: Random): Partial<NodeLook> {
  const hasRun = !['pending', 'waiting', 'blocked'].includes(status);
  return {
    status,
    word: WORDS[status],
    progress: status === 'in_progress' ? Math.round(random() * 100) / 100 : null,
    elapsed: hasRun ? `${Math.floor(random() * 90)}.${Math.floor(random() * 10)} s` : null,
    attempts: status === 'retrying' ? { number: 2, of: 3 } : null,
  };
}

function edgesOf(ids: readonly string[], nodes: readonly SceneNode[], random: Random, withStatus: boolean): SceneEdge[] {
  const looks = new Map(nodes.map((node) => [node.id, node.look]));
  const pairs = new Map<string, SceneEdge>();
  ids.forEach((target, index) => {
    const wanted = index === 0 ? 0 : random() < 0.25 ? 2 : 1;
    for (let edge = 0; edge < wanted; edge += 1) {
      const source = ids[Math.max(0, index - 1 - Math.floor(random() * Math.min(index, Math.max(14, 3 * Math.sqrt(ids.length)))))]!;
      pairs.set(`${source} ${target}`, { source, target, required: random() < 0.8, label: null, state: withStatus ? stateOf(looks.get(source)!, looks.get(target)!) : 'idle' });
    }
  });
  return [...pairs.values()];
}

function stateOf(source: NodeLook, target: NodeLook): SceneEdge['state'] {
  if (target.status === 'in_progress') return 'running';
  if (target.status === 'blocked') return 'blocked';
  return source.status === 'completed' ? 'done' : 'idle';
}

function placed(nodes: readonly SceneNode[], edges: readonly SceneEdge[]): SceneNode[] {
  const places = layout({
    nodes: nodes.map(({ id, parent, width, height, collapsed }) => ({ id, parent, width, height, isCollapsed: collapsed })),
    edges: edges.map(({ source, target }) => ({ from: source, to: target })),
  });
  return nodes.map((node) => {
    const place = places.get(node.id);
    return place ? { ...node, x: place.x, y: place.y } : node;
  });
}
