/** The page of a run: the canvas, what is selected on it, the panels around it, and what can be asked of the run. */

import { createApi, type Api, type Run } from '../../core/api';
import type { Boot } from '../../core/boot';
import { SHOWN_WORDS, type RunState, type Shown, type TaskFacts } from '../../core/run-state';
import { firstFailure } from '../../builder/app/run-causes';
import { edgeId, Scene } from '../../canvas/scene';
import { edgesOf, edgeState, Picture, type Beside } from '../../builder/app/picture';
import { Catalogue } from '../../builder/app/catalogue';
import { LayoutWorker, Places } from '../../builder/app/places.svelte';
import { openDocument, type Task, type TreeDocument } from '../../builder/model/document';
import type { JSONValue } from '../../builder/model/json';
import { childrenById, executorOf, positionOf } from '../../builder/model/task';
import { announce } from '../../ui/overlays/announce.svelte';
import { durationInWords, growingInWords } from '../../ui/words/durations';
import type { StoredRun } from '../file/stored-run';
import { filterOf, NO_FILTER, queryOf, type LogFilter } from '../logs/filter';
import type { Draft, Scope } from '../rerun/wish';
import { forecast, type Forecast, type Usual } from '../model/forecast';
import { ganttQuery, ganttViewOf, PLAIN_VIEW, type GanttView } from '../gantt/zoom';
import { say } from '../words';
import { isOn, keep } from './keeping';
import { Notices } from './notices.svelte';
import { Watching } from './watching.svelte';

/** What the page asks of its canvas. */
export interface Stage {
  reveal(id: string): void;
  fitTo(ids: Iterable<string>, options?: { minZoom?: number }): void;
  /** Show the run itself, where there is no place that always does while no task is selected. */
  revealRun?(): void;
}

/** What the page asks of its chart. */
export interface Chart {
  zoomBy(factor: number): void;
  fit(): void;
}

/** Following never goes farther away than this: names can still be read. */
const FOLLOW_ZOOM = 0.45;
/** What the names of the log's filters begin with in the address; `task` alone is the task that is selected. */
const LOG = 'log_';
/** The heading of the run's hooks. */
export const HOOKS_ID = 'run-hooks';
/** Browsers refuse an address that changes too often. */
const ADDRESS_MS = 250;

export type BottomTab = 'gantt' | 'log' | 'events';

const NO_PROBLEMS: Beside['problems'] = new Map();
const NO_ORDER: Beside['order'] = new Map();
const NO_MARKS: Beside['marks'] = new Map();

export class RunPage {
  readonly api: Api;
  readonly scene = new Scene();
  readonly watching: Watching;
  readonly layouts = new LayoutWorker();
  readonly places = new Places(this.layouts);
  private readonly picture = new Picture();

  run = $state.raw<Run | null>(null);
  document = $state.raw<TreeDocument | null>(null);
  catalogue = $state.raw(new Catalogue([]));
  selected = $state<string | null>(null);
  /** All that is selected; `selected` is the last of it. */
  selection = $state.raw<readonly string[]>([]);
  collapsed = $state.raw<ReadonlySet<string>>(new Set());
  /** The states that the legend narrows the canvas to; empty is all. */
  only = $state.raw<ReadonlySet<Shown>>(new Set());
  bottom = $state<BottomTab>('gantt');
  logFilter = $state.raw<LogFilter>(NO_FILTER);
  line = $state<number | null>(null);
  failure = $state.raw<Error | null>(null);
  dialog = $state<'none' | 'rerun' | 'keys'>('none');
  /** What a re-run is to do; null until somebody has chosen. */
  rerunScope = $state<Scope | null>(null);
  /** The plan of a re-run, drawn in place of what ran. */
  private drafted: Draft | null = null;
  /** How the chart is looked at. */
  gantt = $state.raw<GanttView>(PLAIN_VIEW);
  /** How long tasks took in past runs, by their ids. */
  usual = $state.raw<ReadonlyMap<string, Usual>>(new Map());
  /** The view goes with what is running. */
  follows = $state(isOn('follow'));
  readonly notices = new Notices();
  /** The moment that the address asks for, until its past is known. */
  private wantedMoment: number | null = null;
  private hasMoved = false;
  private hasRested = false;
  private hasShownFailure = false;
  private followed = '';
  private writing: ReturnType<typeof setTimeout> | undefined;
  /** The chart, while it is shown. */
  chart: Chart | null = null;
  /** The canvas, once it is there. */
  stage: Stage | null = null;

  /** `stored` stands in the server's place for a run that was opened from a file. */
  constructor(readonly boot: Boot, readonly stored: StoredRun | null = null) {
    this.api = createApi(boot, stored ? { fetch: stored.fetch } : {});
    const runId = stored?.runId ?? boot.runId ?? '';
    this.watching = new Watching(this.api, boot, runId, (state, changes) => this.draw(state, changes), stored?.stream);
    this.readAddress();
  }

  async open(): Promise<void> {
    const [run, definition, executors] = await Promise.all([
      this.api.runs.get(this.watching.runId),
      this.api.runs.definition(this.watching.runId),
      this.api.executors(),
    ]);
    const opened = openDocument(definition as JSONValue, run.tree_name);
    if ('refusal' in opened) throw new Error(opened.refusal);
    this.run = run;
    this.catalogue = new Catalogue(executors);
    this.document = opened.document;
    await this.places.complete(opened.document);
    this.watching.start();
    void this.readUsual(run.tree_id);
  }

  private async readUsual(treeId: string | null): Promise<void> {
    if (treeId === null) return;
    try {
      const durations = await this.api.trees.taskDurations(treeId);
      this.usual = new Map(durations.map(({ task, median_ms, p95_ms }) => [task, { median: median_ms, p95: p95_ms }]));
    } catch {
      // Whoever may see the run but not its tree has no past to compare it with.
    }
  }

  /** What is to be expected of the run now; null when it is over, paused, or shown as it was. */
  forecast(): Forecast | null {
    const { live, playhead } = this.watching;
    if (!live || !this.watching.isActive || live.state.run.shown !== 'in_progress' || playhead !== null || this.usual.size === 0) return null;
    return forecast([...live.state.tasks.values()], this.usual, this.watching.now());
  }

  /** Ask again what the stream does not tell: what one may, what was started from it. */
  async refresh(): Promise<void> {
    this.run = await this.api.runs.get(this.watching.runId);
  }

  get state(): RunState | null {
    return this.watching.shown?.state ?? null;
  }

  readonly names: ReadonlyMap<string, string> = $derived(new Map(this.document?.tasks.map((task) => [task.id, task.name])));

  facts(id: string): TaskFacts | null {
    const facts = (void this.watching.shown, this.state?.tasks.get(id));
    return facts ? { ...facts } : null;
  }

  /** Show a log in the large view. */
  showLog(filter: LogFilter): void {
    this.logFilter = filter;
    this.line = null;
    this.bottom = 'log';
    this.writeAddress();
  }

  select(id: string | null): void {
    this.selected = id;
    this.take(id === null ? [] : [id]);
    this.writeAddress();
  }

  /** Select several; the last of them is the one that is looked at. */
  selectAll(ids: readonly string[]): void {
    this.select(ids.at(-1) ?? null);
    this.take(ids);
  }

  private take(selection: readonly string[]): void {
    this.selection = selection;
    this.scene.select(selection);
  }

  /** Select a task, and bring it into view. */
  go(id: string): void {
    this.select(id);
    this.reveal(id);
  }

  /** Show the run itself in place of a task. */
  showRun(): void {
    this.dialog = 'none';
    this.select(null);
    this.stage?.revealRun?.();
  }

  /** Bring a task into view. */
  reveal(id: string): void {
    this.stage?.reveal(id);
  }

  /** The view came to rest. When it was moved by hand, it is not moved for anybody any more. */
  rested(byHand: boolean): void {
    const isFirst = !this.hasRested;
    this.hasRested = true;
    if (byHand) {
      this.hasMoved = true;
      if (this.follows) announce(say('follow.stopped'));
      this.follows = false;
    } else if (isFirst) {
      if (this.selected !== null) this.reveal(this.selected);
      if (this.state) this.follow(this.state);
    }
  }

  /** Move the view for nobody: what fills the screen is not changed under a thumb. */
  keepStill(): void {
    this.hasMoved = true;
  }

  /** Let the view go with what is running, or no longer; the choice is remembered. */
  setFollows(on: boolean): void {
    this.follows = on;
    this.followed = '';
    keep('follow', on);
    if (on && this.state) this.follow(this.state);
  }

  /** Show what runs, when it is not the same as before. */
  private follow(state: RunState): void {
    if (!this.follows || !this.hasRested || this.watching.playhead !== null) return;
    const running = [...state.tasks.values()].filter((task) => task.shown === 'in_progress' && task.executor !== null).map((task) => task.id);
    const key = running.join('\n');
    if (running.length === 0 || key === this.followed) return;
    this.followed = key;
    this.stage?.fitTo(running, { minZoom: FOLLOW_ZOOM });
  }

  /** Show another moment of the run; null is now. */
  goTo(time: number | null): void {
    this.wantedMoment = null;
    this.watching.goTo(time);
    this.writeAddressSoon();
  }

  /** The past is known: show the moment that the address asks for. */
  goToWantedMoment(): void {
    const { range } = this.watching;
    if (this.wantedMoment !== null && range) this.watching.goTo(Math.min(Math.max(this.wantedMoment, range.from), range.to));
    this.wantedMoment = null;
  }

  showTab(tab: BottomTab): void {
    this.bottom = tab;
    this.writeAddress();
  }

  setGantt(view: GanttView): void {
    this.gantt = view;
    this.writeAddressSoon();
  }

  toggleGroup(id: string): void {
    const collapsed = new Set(this.collapsed);
    if (!collapsed.delete(id)) collapsed.add(id);
    this.collapsed = collapsed;
    if (this.state) this.draw(this.state, 'all');
  }

  toggleShown(shown: Shown): void {
    const only = new Set(this.only);
    if (!only.delete(shown)) only.add(shown);
    this.only = only;
    if (this.state) this.draw(this.state, 'all');
  }

  /** Ask what a re-run would do; of what is selected, or of what failed. */
  runAgain(id: string | null = null): void {
    if (id !== null) this.select(id);
    this.rerunScope = id === null ? null : 'selected';
    this.dialog = 'rerun';
  }

  /** Draw the plan of a re-run, or what ran again. */
  async draft(draft: Draft | null, signal?: AbortSignal): Promise<void> {
    if (draft) await this.places.complete(draft.document);
    if (signal?.aborted) return;
    this.drafted = draft;
    if (this.state) this.draw(this.state, 'all');
  }

  // --- drawing --------------------------------------------------------------------------------------------------

  private draw(state: RunState, changes: 'all' | { readonly taskIds: ReadonlySet<string> }): void {
    const document = this.drafted?.document ?? this.document;
    if (!document) return;
    const beside = this.beside(state);
    if (changes === 'all') {
      const nodes = this.picture.nodes(document, this.collapsed, (task) => this.places.of(task.id, positionOf(task)), beside);
      this.scene.setGraph(nodes.map((node) => ({ ...node, look: this.faded(node.id, node.look, state) })), edgesOf(document, state));
      this.scene.select(this.selection);
    } else {
      const tasks = new Map(document.tasks.map((task) => [task.id, task]));
      const looks = this.picture.runLooks(changes.taskIds, tasks, childrenById(document), beside);
      this.scene.setLooks(looks.map(([id, look]) => [id, this.faded(id, look, state)]));
      const touched = edgesOf(document, null).filter(({ source, target }) => changes.taskIds.has(source) || changes.taskIds.has(target));
      this.scene.setEdgeStates(touched.map(({ source, target }) => [edgeId(source, target), edgeState(state, source, target)]));
    }
    this.showFailure(state);
    this.follow(state);
  }

  private faded<L extends { readonly faded: boolean }>(id: string, look: L, state: RunState): L {
    const shown = state.tasks.get(id)?.shown;
    const faded = this.only.size > 0 && shown !== undefined && !this.only.has(shown);
    return faded === look.faded ? look : { ...look, faded };
  }

  /** The first failure is brought into view, unless somebody is looking elsewhere. */
  private showFailure(state: RunState): void {
    if (this.hasShownFailure || this.watching.playhead !== null) return;
    const failed = firstFailure(state);
    if (!failed) return;
    this.hasShownFailure = true;
    announce(`${failed.name}: ${SHOWN_WORDS[failed.shown]}. ${failed.error ?? ''}`);
    if (!this.hasMoved && this.selected === null) this.go(failed.id);
  }

  private beside(run: RunState): Beside {
    return { executorOf: (task) => this.executorWords(task), problems: NO_PROBLEMS, order: NO_ORDER, marks: this.drafted?.marks ?? NO_MARKS, run, elapsed: (facts) => this.elapsed(facts) };
  }

  private executorWords(task: Task): string {
    return this.catalogue.of(task)?.name ?? executorOf(task) ?? '';
  }

  private elapsed({ startedAt, finishedAt }: TaskFacts): string | null {
    if (startedAt === null) return null;
    if (finishedAt !== null) return durationInWords(finishedAt - startedAt);
    return growingInWords((this.watching.playhead ?? this.watching.now()) - startedAt);
  }

  /** The seconds of what runs go on; called once a second. */
  tick(): void {
    const { state } = this;
    if (!state || this.watching.playhead !== null) return;
    const running = new Set([...state.tasks.values()].filter((task) => task.shown === 'in_progress').map((task) => task.id));
    if (running.size) this.draw(state, { taskIds: running });
  }

  // --- the address ----------------------------------------------------------------------------------------------

  private readAddress(): void {
    const query = new URLSearchParams(location.search);
    this.selected = query.get('task');
    this.selection = this.selected === null ? [] : [this.selected];
    const tab = query.get('tab');
    if (tab === 'log' || tab === 'events') this.bottom = tab;
    this.logFilter = filterOf(new URLSearchParams([...query].flatMap(([name, value]) => (name.startsWith(LOG) ? [[name.slice(LOG.length), value]] : []))));
    const line = Number(query.get('line'));
    this.line = Number.isSafeInteger(line) && line > 0 ? line : null;
    this.gantt = ganttViewOf(query);
    const at = Number(query.get('at'));
    this.wantedMoment = Number.isSafeInteger(at) && at > 0 ? at : null;
  }

  /** The address of what is shown, for whoever is given it; with other values where some are given. */
  address(changes: { line?: number | null; tab?: BottomTab; filter?: LogFilter } = {}): string {
    const { line = this.line, tab = this.bottom, filter = this.logFilter } = changes;
    const query = new URLSearchParams();
    if (this.selected !== null) query.set('task', this.selected);
    if (tab !== 'gantt') query.set('tab', tab);
    for (const [name, value] of Object.entries(tab === 'log' ? queryOf(filter) : {})) query.set(`${LOG}${name}`, value);
    const { playhead } = this.watching;
    const shown = this.wantedMoment ?? playhead;
    if (shown !== null) query.set('at', String(Math.round(shown)));
    for (const [name, value] of Object.entries(tab === 'gantt' ? ganttQuery(this.gantt) : {})) query.set(name, value);
    if (tab === 'log' && line !== null) query.set('line', String(line));
    const search = query.toString();
    return `${location.pathname}${search ? `?${search}` : ''}`;
  }

  /** For what changes with every move of the pointer. */
  writeAddressSoon(): void {
    clearTimeout(this.writing);
    this.writing = setTimeout(() => this.writeAddress(), ADDRESS_MS);
  }

  writeAddress(): void {
    clearTimeout(this.writing);
    history.replaceState(null, '', this.address());
  }
}
