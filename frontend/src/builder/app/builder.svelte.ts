/** The builder as a whole: what its parts share, and how a change of one reaches the others. */

import { tick } from 'svelte';

import { createApi, type Api } from '../../core/api';
import type { Boot } from '../../core/boot';
import { isTerminal, type TaskFacts } from '../../core/run-state';
import { edgeId, Scene } from '../../canvas/scene';
import { announce } from '../../ui/overlays/announce.svelte';
import { toast } from '../../ui/overlays/toasts.svelte';
import { durationInWords } from '../../ui/words/durations';
import type { Task, TreeDocument } from '../model/document';
import { childrenById, executorOf, positionOf } from '../model/task';
import { Acts } from './acts';
import { Catalogue } from './catalogue';
import { Comparing } from './comparing.svelte';
import { edgesOf, edgeState, Picture, type Beside } from './picture';
import { LayoutWorker, Places } from './places.svelte';
import { Presence } from './presence.svelte';
import { Problems } from './problems.svelte';
import { Recovery } from './recovery';
import { Running } from './running.svelte';
import { Session } from './session.svelte';
import { Spots } from './spots';
import { badgesOf, DEFAULT_SLOTS, orderOf } from './start-order';
import { Stored } from './stored.svelte';
import { say } from './words';

/** Which side panels and dialogs are open. */
export type LeftPanel = 'outline' | 'executors' | 'order' | 'problems';
export type OpenDialog = 'none' | 'message' | 'run' | 'versions' | 'conflicts' | 'gallery' | 'json' | 'keys' | 'commands';

export class Builder {
  readonly api: Api;
  readonly scene = new Scene();
  readonly session = new Session({ announce, notice: (words) => toast(words) });
  readonly problems: Problems;
  readonly layouts = new LayoutWorker();
  readonly places = new Places(this.layouts);
  readonly running: Running;
  readonly presence: Presence;
  readonly comparing: Comparing;
  readonly acts: Acts;
  private readonly picture = new Picture();

  catalogue = $state.raw(new Catalogue([]));
  stored = $state.raw<Stored>(undefined as unknown as Stored);
  collapsed = $state.raw<ReadonlySet<string>>(new Set());
  slots = $state(DEFAULT_SLOTS);
  showsOrder = $state(false);
  left = $state<LeftPanel>('outline');
  dialog = $state<OpenDialog>('none');
  /** Why the tree can't be shown, when it can't. */
  failure = $state.raw<Error | null>(null);
  isReady = $state(false);

  constructor(readonly boot: Boot) {
    this.api = createApi(boot);
    this.problems = new Problems(this.api);
    this.presence = new Presence(this.api, () => this.session.isDirty);
    this.running = new Running(this.api, boot, (state, changes) => {
      if (changes === 'all') this.drawGraph();
      else this.drawRun(changes.taskIds);
      if (isTerminal(state.run.status)) announce(say('run.ended', { status: state.run.status }));
    });
    this.comparing = new Comparing(this.api, this.session);
    const spots = new Spots(this.session, this.places, (id) => this.scene.shape.boxes.get(id));
    this.acts = new Acts(this.session, () => this.catalogue, this.places, spots, this.layouts, (reason) => this.refuse(reason));
  }

  /** Fetch what the page needs, and open the tree. */
  async open(): Promise<void> {
    const [executors, tree] = await Promise.all([
      this.api.executors(),
      this.boot.treeId === null ? null : this.api.trees.get(this.boot.treeId),
    ]);
    this.catalogue = new Catalogue(executors);
    this.stored = new Stored(this.api, this.session, this.problems, this.catalogue);
    if (tree) {
      this.stored.open(tree);
      // The first view shows everything where it stays.
      await this.places.complete(this.session.document);
      this.presence.start(tree.id);
    } else {
      this.dialog = 'gallery';
    }
    this.isReady = true;
    await tick();
  }

  /** Where unsaved work of this tree is kept. */
  get recovery(): Recovery {
    return new Recovery(this.boot.user, this.stored?.id ?? null, localStorage);
  }

  refuse(reason: string): void {
    toast(reason, { tone: 'warning' });
  }

  /** The name that stands under a task's own: its executor's, or what it is instead. */
  executorWords(task: Task): string {
    const executor = this.catalogue.of(task);
    if (executor) return executor.name;
    const named = executorOf(task);
    if (named !== null) return named;
    return this.session.graph.isGroup(task.id) ? say('task.group') : say('task.noExecutor');
  }

  toggleGroup(id: string): void {
    const collapsed = new Set(this.collapsed);
    if (!collapsed.delete(id)) collapsed.add(id);
    this.collapsed = collapsed;
  }

  // --- drawing --------------------------------------------------------------------------------------------------

  /** Give the canvas the whole graph. */
  drawGraph(): void {
    const document = this.shownDocument;
    const run = this.running.facts?.state ?? null;
    const nodes = this.picture.nodes(document, this.collapsed, (task) => this.places.of(task.id, positionOf(task)), this.beside());
    this.scene.setGraph(nodes, edgesOf(document, run));
    this.showSelection();
  }

  /** Mark what is selected on the canvas, and what the keyboard stands on. */
  showSelection(): void {
    const { tasks, edge, focus } = this.session.selection;
    this.scene.select(tasks);
    if (focus !== null) this.scene.stand(focus);
    this.scene.selectEdge(edge && edgeId(edge.from, edge.to));
  }

  /** The document on the canvas: the one that is edited, or, while versions are compared, both on one picture. */
  get shownDocument(): TreeDocument {
    return this.comparing.picture ?? this.session.document;
  }

  private drawRun(ids: ReadonlySet<string>): void {
    const state = this.running.facts?.state ?? null;
    const document = this.shownDocument;
    const tasks = new Map(document.tasks.map((task) => [task.id, task]));
    this.scene.setLooks(this.picture.runLooks(ids, tasks, childrenById(document), this.beside()));
    const touched = edgesOf(document, null).filter(({ source, target }) => ids.has(source) || ids.has(target));
    this.scene.setEdgeStates(touched.map(({ source, target }) => [edgeId(source, target), edgeState(state, source, target)]));
  }

  private beside(): Beside {
    const { document } = this.session;
    const order = this.showsOrder ? badgesOf(orderOf(document, this.slots, this.catalogue.known)) : new Map<string, number>();
    return {
      executorOf: (task) => this.executorWords(task),
      problems: this.running.facts ? new Map() : this.problems.byTask,
      order,
      marks: this.comparing.marks,
      run: this.running.facts?.state ?? null,
      elapsed: (facts) => this.elapsed(facts),
    };
  }

  private elapsed({ startedAt, finishedAt }: TaskFacts): string | null {
    return startedAt === null || finishedAt === null ? null : durationInWords(finishedAt - startedAt);
  }
}
