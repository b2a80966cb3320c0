/** Who waits for whom, kept up to date with each change. The rules are orchestration/engine/{definition,graph}.py's. */

import type { Task, TreeDocument } from './document';
import { invert, type Change } from './edit';
import type { Dependency } from './fields';
import { cycleThrough, findCycle, reach } from './graph-walks';
import { dependenciesOf, executorOf, parentOf } from './task';
import { text } from './texts';

interface Node {
  name: string;
  parent: string | null;
  /** It names an executor. */
  runs: boolean;
  dependencies: readonly Dependency[];
}

type Links = Map<string, Set<string>>;

export class TaskGraph {
  private readonly nodes = new Map<string, Node>();
  private readonly dependents: Links = new Map();
  private readonly children: Links = new Map();
  private readonly waits = (id: string): string[] => this.waitsFor(id);

  /** `known` are the ids of the executors that there are: a task of such a name counts as naming it. */
  constructor(
    document: TreeDocument,
    private readonly known: ReadonlySet<string> = new Set(),
  ) {
    for (const task of document.tasks) this.add(task);
  }

  /** Follow changes of the document. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'document') this.replaceAll(change.after);
      else if (change.kind === 'replace') {
        this.remove(change.before.id);
        this.add(change.after);
      } else if (change.kind === 'insert') this.add(change.task);
      else this.remove(change.task.id);
    }
  }

  has(id: string): boolean {
    return this.nodes.has(id);
  }

  nameOf(id: string): string {
    return this.nodes.get(id)?.name ?? id;
  }

  /** The tasks that a task depends on, in declared order, as far as they exist. */
  dependenciesOf(id: string): readonly Dependency[] {
    return (this.nodes.get(id)?.dependencies ?? []).filter((edge) => this.nodes.has(edge.id) && edge.id !== id);
  }

  /** The tasks that depend on a task. */
  dependentsOf(id: string): readonly string[] {
    return [...(this.dependents.get(id) ?? [])].filter((other) => other !== id && this.nodes.has(other));
  }

  childrenOf(id: string): readonly string[] {
    return [...(this.children.get(id) ?? [])];
  }

  parentOf(id: string): string | null {
    return this.nodes.get(id)?.parent ?? null;
  }

  /**
   * Tell whether a task is a group, which waits for its children: it has no executor, and children of which none
   * depends on it.
   */
  isGroup(id: string): boolean {
    const node = this.nodes.get(id);
    const children = this.children.get(id);
    if (!node || node.runs || !children || children.size === 0) return false;
    return ![...children].some((child) => this.nodes.get(child)!.dependencies.some((edge) => edge.id === id));
  }

  /** Everything that a task waits for directly: its dependencies, and a group's children. */
  waitsFor(id: string): string[] {
    const edges = this.dependenciesOf(id).map((edge) => edge.id);
    return this.isGroup(id) ? [...edges, ...this.childrenOf(id)] : edges;
  }

  /** Everything that waits for a task directly. */
  waitedForBy(id: string): string[] {
    const parent = this.parentOf(id);
    const group = parent !== null && this.isGroup(parent) ? [parent] : [];
    return [...this.dependentsOf(id), ...group];
  }

  /** Everything that tasks wait for, directly or not, without themselves. */
  ancestors(...ids: string[]): Set<string> {
    return reach(ids, this.waits);
  }

  /** Everything that waits for tasks, directly or not, without themselves. */
  descendants(...ids: string[]): Set<string> {
    return reach(ids, (id) => this.waitedForBy(id));
  }

  /** Say why `to` may not be made to wait for `from`; null when it may. */
  connectRefusal(from: string, to: string): string | null {
    const node = this.nodes.get(to);
    if (from === to) return text('connect.self');
    if (!node || !this.nodes.has(from)) return text('connect.unknown');
    if (node.dependencies.some((edge) => edge.id === from)) {
      return text('connect.twice', { from: this.nameOf(from), to: node.name });
    }
    const cycle = this.trying(to, { ...node, dependencies: [...node.dependencies, { id: from, required: true }] }, () =>
      cycleThrough(to, this.waits),
    );
    return cycle && this.cycleText(cycle);
  }

  /** Say why a task may not be moved into another one, or out of all (null); null when it may. */
  reparentRefusal(id: string, parent: string | null): string | null {
    const node = this.nodes.get(id);
    if (!node || (parent !== null && !this.nodes.has(parent))) return text('connect.unknown');
    if (parent === id) return text('parent.self');
    if (parent !== null && this.parentsOf(parent).includes(id)) {
      return text('parent.below', { name: node.name, group: this.nameOf(parent) });
    }
    const before = node.parent;
    const cycle = this.trying(id, { ...node, parent }, () => {
      // A parent that loses a child that depends on it becomes a group.
      const touched = [parent, before].filter((group) => group !== null);
      return touched.reduce<string[] | null>((found, group) => found ?? cycleThrough(group, this.waits), null);
    });
    return cycle && this.cycleText(cycle);
  }

  /** Return the first cycle, with its first task repeated at the end; null when there is none. */
  findCycle(): string[] | null {
    return findCycle(this.nodes.keys(), this.waits);
  }

  /** Return the cycle that changes would make, without making them. */
  cycleAfter(changes: readonly Change[]): string[] | null {
    this.apply(changes);
    try {
      return this.findCycle();
    } finally {
      this.apply(invert(changes));
    }
  }

  /** Say a cycle in words. */
  cycleText(cycle: readonly string[]): string {
    return text('connect.cycle', { route: this.routeText(cycle) });
  }

  routeText(ids: readonly string[]): string {
    return ids.map((id) => this.nameOf(id)).join(' → ');
  }

  /** The tasks that a task is inside of, the nearest first. */
  parentsOf(id: string): string[] {
    const found: string[] = [];
    for (let parent = this.parentOf(id); parent !== null && !found.includes(parent); parent = this.parentOf(parent)) {
      found.push(parent);
    }
    return found;
  }

  private trying<T>(id: string, node: Node, ask: () => T): T {
    const before = this.nodes.get(id)!;
    this.unlink(id);
    this.link(id, node);
    try {
      return ask();
    } finally {
      this.unlink(id);
      this.link(id, before);
    }
  }

  private add(task: Task): void {
    const runs = executorOf(task, this.known) !== null;
    this.link(task.id, { name: task.name, parent: parentOf(task), runs, dependencies: dependenciesOf(task) });
  }

  private link(id: string, node: Node): void {
    this.nodes.set(id, node);
    for (const edge of node.dependencies) put(this.dependents, edge.id, id);
    if (node.parent !== null) put(this.children, node.parent, id);
  }

  private remove(id: string): void {
    this.unlink(id);
    this.nodes.delete(id);
  }

  private unlink(id: string): void {
    const node = this.nodes.get(id);
    if (!node) return;
    for (const edge of node.dependencies) this.dependents.get(edge.id)?.delete(id);
    if (node.parent !== null) this.children.get(node.parent)?.delete(id);
  }

  private replaceAll(document: TreeDocument): void {
    for (const links of [this.nodes, this.dependents, this.children]) links.clear();
    for (const task of document.tasks) this.add(task);
  }
}

function put(links: Links, key: string, value: string): void {
  const known = links.get(key);
  if (known) known.add(value);
  else links.set(key, new Set([value]));
}
