/** What would start when: the order of a run in which every task takes equally long and none fails. */

import type { Task, TreeDocument } from './document';
import { executorOf, dependenciesOf, isEnabled, isPinned, parentOf, priorityOf } from './task';
import { TaskGraph } from './graph';
import { text } from './texts';

export interface StartOrder {
  /** The tasks that start together, in the order in which they take their slots. */
  readonly waves: readonly (readonly string[])[];
  /** For each task that starts: the wave, and its place in the whole order, both from 0. */
  readonly places: ReadonlyMap<string, { wave: number; place: number }>;
  /** Tasks that will not run, and why, in words. */
  readonly notRun: ReadonlyMap<string, string>;
}

interface Node {
  task: Task;
  unmet: number;
  state: 'waiting' | 'ready' | 'completed' | 'cancelled' | 'failed';
  dependents: { node: Node; required: boolean }[];
  /** The group that waits for it. */
  group: Node | null;
  isGroup: boolean;
  members: Node[];
}

/**
 * Preview the order of starts with so many slots.
 *
 * The rule is the engine's (orchestration/engine/queue.py): of the tasks that are ready the lowest priority number goes
 * first, and among equals the one that became ready first. All tasks of a wave end before the next begins.
 */
export function startOrder(document: TreeDocument, slots: number, known: ReadonlySet<string> = new Set()): StartOrder {
  return new Simulation(document, slots, known).run();
}

class Simulation {
  private readonly nodes: Node[];
  private readonly ready: Node[] = [];
  private readonly ended: Node[] = [];
  private readonly notRun = new Map<string, string>();

  constructor(
    document: TreeDocument,
    private readonly slots: number,
    private readonly known: ReadonlySet<string>,
  ) {
    this.nodes = link(document, new TaskGraph(document, known));
  }

  run(): StartOrder {
    for (const node of this.nodes) if (node.state === 'waiting' && node.unmet === 0) this.offer(node);
    this.settle();
    const waves: string[][] = [];
    for (let wave = this.nextWave(); wave.length > 0; wave = this.nextWave()) {
      waves.push(wave.map((node) => node.task.id));
      for (const node of wave) {
        this.end(node, 'completed');
        this.settle();
      }
    }
    this.explainCycles();
    return { waves, places: placesIn(waves), notRun: this.notRun };
  }

  private nextWave(): Node[] {
    // Sorting is stable: equals stay in the order in which they became ready.
    this.ready.sort((a, b) => priorityOf(a.task) - priorityOf(b.task));
    return this.ready.splice(0, Math.max(1, this.slots));
  }

  private offer(node: Node): void {
    const { task } = node;
    if (!isEnabled(task)) this.leaveOut(node, 'cancelled', text('order.disabled', { name: task.name }));
    else if (node.isGroup) this.endGroup(node);
    else if (isPinned(task)) this.end(node, 'completed');
    else if (executorOf(task, this.known) === null) {
      this.leaveOut(node, 'failed', text('order.noExecutor', { name: task.name }));
    } else {
      node.state = 'ready';
      this.ready.push(node);
    }
  }

  private endGroup(group: Node): void {
    const failed = group.members.find((node) => node.state === 'failed' && !isTolerated(node));
    if (!failed) return this.end(group, 'completed');
    this.leaveOut(group, 'failed', text('order.member', { name: group.task.name, other: failed.task.name }));
  }

  private settle(): void {
    for (let node = this.ended.shift(); node; node = this.ended.shift()) {
      for (const { node: dependent, required } of node.dependents) {
        dependent.unmet -= 1;
        if (dependent.state !== 'waiting') continue;
        if (required && node.state !== 'completed') this.stop(dependent, node);
        else if (dependent.unmet === 0) this.offer(dependent);
      }
      const { group } = node;
      if (group && --group.unmet === 0 && group.state === 'waiting') this.offer(group);
    }
  }

  private stop(dependent: Node, upstream: Node): void {
    const words = text('order.requires', { name: dependent.task.name, other: upstream.task.name });
    this.leaveOut(dependent, upstream.state === 'failed' ? 'failed' : 'cancelled', words);
  }

  private leaveOut(node: Node, state: 'cancelled' | 'failed', words: string): void {
    this.notRun.set(node.task.id, words);
    this.end(node, state);
  }

  private end(node: Node, state: Node['state']): void {
    node.state = state;
    this.ended.push(node);
  }

  private explainCycles(): void {
    for (const { task, state } of this.nodes) {
      if (state === 'waiting') this.notRun.set(task.id, text('order.cycle', { name: task.name }));
    }
  }
}

/** Every task that waits for it can live with its failure. */
function isTolerated({ dependents }: Node): boolean {
  return dependents.length > 0 && dependents.every(({ required }) => !required);
}

function link(document: TreeDocument, graph: TaskGraph): Node[] {
  const nodes = document.tasks.map((task): Node => ({
    task,
    unmet: 0,
    state: 'waiting',
    dependents: [],
    group: null,
    isGroup: graph.isGroup(task.id),
    members: [],
  }));
  const byId = new Map(nodes.map((node) => [node.task.id, node]));
  for (const node of nodes) {
    for (const edge of dependenciesOf(node.task)) {
      const upstream = byId.get(edge.id);
      if (!upstream || upstream === node) continue;
      upstream.dependents.push({ node, required: edge.required });
      node.unmet += 1;
    }
    const parent = byId.get(parentOf(node.task) ?? '');
    if (!parent?.isGroup) continue;
    node.group = parent;
    parent.members.push(node);
    parent.unmet += 1;
  }
  return nodes;
}

function placesIn(waves: readonly (readonly string[])[]): Map<string, { wave: number; place: number }> {
  const places = new Map<string, { wave: number; place: number }>();
  waves.forEach((wave, index) => {
    for (const id of wave) places.set(id, { wave: index, place: places.size });
  });
  return places;
}
