/** The page of a run: the canvas, what is selected on it, the panels around it, and what can be asked of the run. */

import { createApi, type Api, type Run } from '../../core/api';
import type { Boot } from '../../core/boot';
import { SHOWN_WORDS, type RunState, type Shown, type TaskFacts } from '../../core/run-state';
import { edgeId, Scene } from '../../canvas/scene';
import { edgesOf, edgeState, Picture, type Beside } from '../../builder/app/picture';
import { Catalogue } from '../../builder/app/catalogue';
import { LayoutWorker, Places } from '../../builder/app/places.svelte';
import { openDocument, type Task, type TreeDocument } from '../../builder/model/document';
import type { JSONValue } from '../../builder/model/json';
import { childrenById, executorOf, positionOf } from '../../builder/model/task';
import { announce } from '../../ui/overlays/announce.svelte';
import { durationInWords, growingInWords } from '../../ui/words/durations';
import { filterOf, NO_FILTER, queryOf, type LogFilter } from '../logs/filter';
import type { Draft, Scope } from '../rerun/wish';
import { firstFailed } from './first-cause';
import { Watching } from './watching.svelte';

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
  dialog = $state<'none' | 'rerun'>('none');
  /** What a re-run is to do; null until somebody has chosen. */
  rerunScope = $state<Scope | null>(null);
  /** The plan of a re-run, drawn in place of what ran. */
  private drafted: Draft | null = null;
  private hasMoved = false;
  private hasShownFailure = false;
  /** Brings a task into view; set by the page once the canvas is there. */
  reveal: (id: string) => void = () => undefined;

  constructor(readonly boot: Boot) {
    this.api = createApi(boot);
    this.watching = new Watching(this.api, boot, boot.runId ?? '', (state, changes) => this.draw(state, changes));
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
  }

  /** Ask again what the stream does not tell: what one may, what was started from it. */
  async refresh(): Promise<void> {
    this.run = await this.api.runs.get(this.watching.runId);
  }

  get state(): RunState | null {
    return this.watching.shown?.state ?? null;
  }

  get names(): ReadonlyMap<string, string> {
    return new Map(this.document?.tasks.map((task) => [task.id, task.name]));
  }

  facts(id: string): TaskFacts | null {
    const facts = (void this.watching.shown, this.state?.tasks.get(id));
    return facts ? { ...facts } : null;
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

  /** The view was moved by hand: it is not moved for anybody any more. */
  moved(): void {
    this.hasMoved = true;
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
  }

  private faded<L extends { readonly faded: boolean }>(id: string, look: L, state: RunState): L {
    const shown = state.tasks.get(id)?.shown;
    const faded = this.only.size > 0 && shown !== undefined && !this.only.has(shown);
    return faded === look.faded ? look : { ...look, faded };
  }

  /** The first failure is brought into view, unless somebody is looking elsewhere. */
  private showFailure(state: RunState): void {
    if (this.hasShownFailure || this.watching.playhead !== null) return;
    const failed = firstFailed(state);
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
    this.logFilter = filterOf(query);
    const line = Number(query.get('line'));
    this.line = Number.isSafeInteger(line) && line > 0 ? line : null;
  }

  /** The address of what is shown, for whoever is given it; with other values where some are given. */
  address(changes: { line?: number | null } = {}): string {
    const query = new URLSearchParams();
    if (this.selected !== null) query.set('task', this.selected);
    if (this.bottom !== 'gantt') query.set('tab', this.bottom);
    for (const [name, value] of Object.entries(this.bottom === 'log' ? queryOf(this.logFilter) : {})) if (value !== undefined && value !== null) query.set(`log_${name}`, String(value));
    if (changes.line) query.set('line', String(changes.line));
    const search = query.toString();
    return `${location.pathname}${search ? `?${search}` : ''}`;
  }

  writeAddress(): void {
    history.replaceState(null, '', this.address());
  }
}
