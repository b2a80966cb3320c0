/** What people do to a tree, whether with the mouse, by a key, in the outline or from the command palette. */

import type { Move } from '../../canvas/events';
import { edgeEnds } from '../../canvas/parts';
import type { Point, Priority } from '../model/fields';
import type { NewId, Task, TreeDocument } from '../model/document';
import { applyChanges, isEmpty, type Edit } from '../model/edit';
import {
  applyLayout, connect, disconnect, groupTasks, moveTasks, pasteTasks, removeAndReconnect, removeTasks, renameTask, setField,
  setRequired, ungroup, type EdgeId,
} from '../model/commands';
import { copyTasks, readClipboard } from '../model/clipboard';
import { select, selectAlong } from '../model/selection';
import { freeName, isEnabled, isPinned, withDescendants } from '../model/task';
import type { Catalogue } from './catalogue';
import { combined, type Make } from './combined';
import { boxAroundNew } from './free-places';
import { added, copiedBeside, namesIn, newTask } from './making';
import { dragged, putInto, snapped, tidied } from './moving';
import type { LayoutWorker, Places } from './places.svelte';
import type { Session } from './session.svelte';
import type { Spot, Spots } from './spots';
import { say } from './words';

export class Acts {
  constructor(
    private readonly session: Session,
    private readonly catalogue: () => Catalogue,
    private readonly places: Places,
    private readonly spots: Spots,
    private readonly layouts: LayoutWorker,
    private readonly refuse: (reason: string) => void,
    private readonly newId: NewId = () => crypto.randomUUID(),
  ) {}

  private get document(): TreeDocument {
    return this.session.document;
  }

  /**
   * Carry out what changes where things stand, as one step. Places that were only made for showing are written down with
   * it: from then on the picture is somebody's, and must be the same when it is opened again.
   */
  private arrange(...makes: Make[]): boolean {
    const kept = moveTasks(this.document, this.places.missing(this.document));
    const edit = combined(applyChanges(this.document, kept.changes), makes);
    return !isEmpty(edit) && this.doUnlessCycle({ ...edit, changes: [...kept.changes, ...edit.changes] });
  }

  private doUnlessCycle(edit: Edit): boolean {
    const cycle = this.session.cycleOf(edit);
    if (cycle === null) return this.session.do(edit);
    this.refuse(cycle);
    return false;
  }

  // --- making ---------------------------------------------------------------------------------------------------

  /** Add a task that runs an executor; null makes an empty group. Returns its id. */
  add(executorId: string | null, spot: Spot = {}): string | null {
    const parent = this.spots.parentFor(spot);
    const at = snapped(this.spots.placeFor(spot, parent));
    const made = newTask(this.newId(), executorId, this.document, this.catalogue());
    const task = { ...made, ...(parent === null ? {} : { parent_id: parent }), position: { ...at } };
    return this.arrange(...added(task, at, spot, this.spots)) ? task.id : null;
  }

  /** Copy what is selected, and put the copies beside it. */
  duplicate(): void {
    const { tasks } = this.session.selection;
    this.arrange(copiedBeside(tasks, this.spots.besides(tasks), this.newId));
  }

  // --- joining --------------------------------------------------------------------------------------------------

  /** Say why `target` may not be made to wait for `source`; null when it may. */
  mayConnect(source: string, target: string): string | null {
    return this.session.isReadOnly ? say('tree.readOnly') : this.session.graph.connectRefusal(source, target);
  }

  connect(source: string, target: string): void {
    const reason = this.mayConnect(source, target);
    if (reason !== null) return this.refuse(reason);
    this.session.do(connect(this.document, { from: source, to: target }));
  }

  disconnect(edge: EdgeId): void {
    this.session.do(disconnect(this.document, [edge]));
  }

  /** Make a required edge optional, and the other way round: the selected edge, or all edges of the selected tasks. */
  toggleRequired(edge: EdgeId | null = this.session.selection.edge): void {
    const edges = edge ? [edge] : this.edgesOfSelection();
    if (edges.length === 0) return this.refuse(say('refused.noEdge'));
    const isRequired = edges.some(({ from, to }) => this.isRequired(from, to));
    this.session.do(setRequired(this.document, edges, !isRequired));
  }

  isRequired(from: string, to: string): boolean {
    return this.session.graph.dependenciesOf(to).some((edge) => edge.id === from && edge.required);
  }

  private edgesOfSelection(): EdgeId[] {
    return this.session.selectedIds.flatMap((to) => this.session.graph.dependenciesOf(to).map(({ id }) => ({ from: id, to })));
  }

  /** Find the ends of an edge of the canvas. */
  edgeOf(id: string): EdgeId | null {
    const { source, target } = edgeEnds(id);
    return this.session.graph.dependenciesOf(target).some((edge) => edge.id === source) ? { from: source, to: target } : null;
  }

  // --- moving ---------------------------------------------------------------------------------------------------

  /** Carry a drag out: places, groups and the edge that a task fell on are one step. */
  move(moves: readonly Move[], splits: string | null): void {
    const edge = splits === null ? null : this.edgeOf(splits);
    this.arrange(...dragged(moves, edge, this.session, this.spots));
  }

  /** Put tasks into a group, or out of all, and before another one in the tree's order: what the outline does. */
  reparentAndOrder(ids: readonly string[], parent: string | null, before: string | null): void {
    this.arrange(...putInto(parent, before, ids, this.session, this.spots));
  }

  /** Say why tasks may not go into a group. */
  mayReparent(ids: readonly string[], parent: string | null): string | null {
    for (const id of ids) {
      const reason = this.session.graph.reparentRefusal(id, parent);
      if (reason !== null) return reason;
    }
    return null;
  }

  group(): void {
    const { tasks } = this.session.selection;
    if (tasks.size === 0) return this.refuse(say('refused.noTasks'));
    const group = { id: this.newId(), name: freeName(say('task.group'), namesIn(this.document)) };
    const aside = this.spots.clearOfFrame(tasks, this.spots.commonParent(tasks));
    this.arrange((document) => moveTasks(document, aside), (document) => groupTasks(document, tasks, group));
  }

  ungroup(): void {
    const tasks = this.selectedTasks();
    this.arrange(...tasks.map((task): Make => (document) => ungroup(document, task.id, this.catalogue().of(task) !== undefined)));
  }

  /** Lay out everything, or what is selected, as one step. */
  async tidy(collapsed: ReadonlySet<string>): Promise<void> {
    const places = await tidied(this.session, collapsed, this.layouts, this.spots);
    this.session.do(applyLayout(this.document, places));
  }

  // --- changing -------------------------------------------------------------------------------------------------

  rename(id: string, name: string): void {
    const said = name.trim();
    if (said === '') return this.refuse(say('refused.noName'));
    this.session.do(renameTask(this.document, id, said));
  }

  setPriority(priority: Priority, ids: Iterable<string> = this.session.selection.tasks): void {
    this.session.do(setField(this.document, ids, 'priority', priority));
  }

  toggleEnabled(): void {
    const tasks = this.selectedTasks();
    const isAnyOn = tasks.some(isEnabled);
    this.session.do(setField(this.document, tasks.map((task) => task.id), 'enabled', !isAnyOn));
  }

  /** Take pinned results away. Pinning needs a result, which the inspector asks for. */
  unpin(): boolean {
    const pinned = this.selectedTasks().filter(isPinned).map((task) => task.id);
    return pinned.length > 0 && this.session.do(setField(this.document, pinned, 'pinned', null));
  }

  /** Take the selected edge away, or the selected tasks with all that is inside of them. */
  remove(): void {
    const { edge } = this.session.selection;
    if (edge) this.disconnect(edge);
    else this.removeBy(removeTasks);
  }

  removeAndReconnect(): void {
    this.removeBy(removeAndReconnect);
  }

  /** The keyboard then stands on what is beside them. */
  private removeBy(command: typeof removeTasks): void {
    const gone = withDescendants(this.document, this.session.selection.tasks);
    const next = this.beside(gone);
    if (gone.size > 0 && this.doUnlessCycle(command(this.document, gone))) this.session.stand(next);
  }

  private beside(gone: ReadonlySet<string>): string | null {
    const { graph } = this.session;
    const joined = [...gone].flatMap((id) => [...graph.dependenciesOf(id).map((edge) => edge.id), ...graph.dependentsOf(id)]);
    const tasks = this.document.tasks.map(({ id }) => id);
    const last = tasks.findLastIndex((id) => gone.has(id));
    return [...joined, ...tasks.slice(last + 1), ...tasks.slice(0, last).reverse()].find((id) => !gone.has(id)) ?? null;
  }

  private selectedTasks(): Task[] {
    return this.session.selectedIds.flatMap((id) => this.session.task(id) ?? []);
  }

  // --- clipboard ------------------------------------------------------------------------------------------------

  /** What is selected, as text for the clipboard; null when nothing is. */
  copied(): string | null {
    const { tasks } = this.session.selection;
    return tasks.size ? copyTasks(this.document, tasks) : null;
  }

  /** Paste around a point of the canvas, or beside what stands there. */
  paste(source: string, at: Point = { x: 0, y: 0 }): void {
    const read = readClipboard(source, this.newId);
    if ('refusal' in read) return this.refuse(read.refusal);
    const { width, height } = boxAroundNew(read.tasks);
    const corner = this.spots.free({ width, height }, { x: at.x - width / 2, y: at.y - height / 2 }, null);
    this.arrange((document) => pasteTasks(document, read.tasks, { newId: this.newId, at: snapped(corner) }));
  }

  // --- selecting ------------------------------------------------------------------------------------------------

  selectAll(): void {
    this.session.selection = select(this.document.tasks.map((task) => task.id));
  }

  selectAlong(way: 'upstream' | 'downstream'): void {
    this.session.selection = selectAlong(this.session.selection, this.session.graph, way);
  }
}
