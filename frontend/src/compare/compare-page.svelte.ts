/** The page that compares two runs: both of them, what differs, what is selected, and the drawing. */

import { createApi, type Api } from '../core/api';
import type { Boot } from '../core/boot';
import { fromSnapshot, SHOWN_WORDS, type RunState, type TaskFacts } from '../core/run-state';
import { Catalogue } from '../builder/app/catalogue';
import { edgesOf, Picture, type Beside } from '../builder/app/picture';
import { LayoutWorker, Places } from '../builder/app/places.svelte';
import { openDocument } from '../builder/model/document';
import type { JSONValue } from '../builder/model/json';
import { executorOf, positionOf, withDescendants } from '../builder/model/task';
import type { Mark } from '../canvas/marks';
import { Scene, type NodeLook } from '../canvas/scene';
import { durationInWords } from '../ui/words/durations';
import { compareRuns, durationOf, TELLING, type Comparison, type Row, type Side } from './model/comparison';
import { firstDifference } from './model/first';
import { Pair } from './pair.svelte';

const NO_PROBLEMS: Beside['problems'] = new Map();
const NO_ORDER: Beside['order'] = new Map();

export class ComparePage {
  readonly api: Api;
  readonly scene = new Scene();
  readonly layouts = new LayoutWorker();
  private readonly places = new Places(this.layouts);
  private readonly picture = new Picture();
  private catalogue = new Catalogue([]);

  left = $state.raw<Side | null>(null);
  right = $state.raw<Side | null>(null);
  comparison = $state.raw<Comparison | null>(null);
  selected = $state<string | null>(null);
  isOnlyDiffering = $state(false);
  failure = $state.raw<Error | null>(null);
  /** The values of the task that is selected, and of the one that differs first. */
  pair = $state.raw<Pair | null>(null);
  firstPair = $state.raw<Pair | null>(null);
  private collapsed: ReadonlySet<string> = new Set();
  /** Brings a task into view; set by the page once the canvas is there. */
  reveal: (id: string) => void = () => undefined;

  constructor(readonly boot: Boot) {
    this.api = createApi(boot);
    const query = new URLSearchParams(location.search);
    this.selected = query.get('task');
    this.isOnlyDiffering = query.has('only');
  }

  /** Read both runs, and compare them. */
  async open(): Promise<void> {
    const query = new URLSearchParams(location.search);
    this.failure = null;
    try {
      const [left, right, executors] = await Promise.all([this.read(query.get('left') ?? ''), this.read(query.get('right') ?? ''), this.api.executors()]);
      this.catalogue = new Catalogue(executors);
      await this.compare(left, right);
    } catch (error) {
      this.failure = error as Error;
    }
  }

  private async read(id: string): Promise<Side> {
    const { runs } = this.api;
    const [run, definition, tasks, digests] = await Promise.all([runs.get(id), runs.definition(id), runs.tasks(id), runs.digests(id)]);
    const opened = openDocument(definition as JSONValue, run.tree_name);
    if ('refusal' in opened) throw new Error(opened.refusal);
    const state = fromSnapshot({ type: 'snapshot', run, tasks, as_of_seq: run.last_seq, now: run.finished_at ?? run.queued_at });
    return { run, state, document: opened.document, digests: new Map(digests.map((digest) => [digest.id, digest])) };
  }

  private async compare(left: Side, right: Side): Promise<void> {
    const comparison = compareRuns(left, right);
    await this.places.complete(comparison.document);
    this.left = left;
    this.right = right;
    this.comparison = comparison;
    this.firstPair?.stop();
    this.firstPair = comparison.first ? this.readPair(comparison.first) : null;
    this.draw();
    this.select(comparison.rows.some(({ id }) => id === this.selected) ? this.selected : (comparison.first?.id ?? null));
  }

  private readPair(row: Row): Pair {
    const pair = new Pair(this.api, { left: this.left!.run.id, right: this.right!.run.id }, row);
    void pair.read();
    return pair;
  }

  /** The first difference in a sentence. */
  get sentence(): string {
    const { comparison, firstPair } = this;
    if (!comparison) return '';
    return firstDifference(comparison, firstPair && { inputs: firstPair.differences('resolved_inputs'), result: firstPair.differences('result') });
  }

  /** The rows that are listed. */
  get rows(): readonly Row[] {
    const rows = this.comparison?.rows ?? [];
    return this.isOnlyDiffering ? rows.filter(({ kinds }) => kinds.length > 0) : rows;
  }

  get row(): Row | null {
    return this.comparison?.rows.find(({ id }) => id === this.selected) ?? null;
  }

  select(id: string | null): void {
    this.selected = id;
    this.scene.select(id === null ? [] : [id]);
    const { row } = this;
    if (this.pair !== this.firstPair) this.pair?.stop();
    this.pair = row === null ? null : row === this.firstPair?.row ? this.firstPair : this.readPair(row);
    this.writeAddress();
  }

  /** Select a task, and bring it into view. */
  go(id: string): void {
    this.select(id);
    this.reveal(id);
  }

  /** Go to the next task that differs, or back to the one before. */
  step(by: 1 | -1): void {
    const rows = this.comparison?.rows ?? [];
    const at = rows.findIndex(({ id }) => id === this.selected);
    const others = by === 1 ? [...rows.slice(at + 1), ...rows.slice(0, at + 1)] : [...rows.slice(0, Math.max(at, 0)).reverse(), ...rows.slice(Math.max(at, 0)).reverse()];
    const next = others.find(({ kinds }) => kinds.length > 0);
    if (next) this.go(next.id);
  }

  async swap(): Promise<void> {
    const { left, right } = this;
    if (left && right) await this.compare(right, left);
  }

  showOnlyDiffering(isOnly: boolean): void {
    this.isOnlyDiffering = isOnly;
    this.draw();
    this.writeAddress();
  }

  toggleGroup(id: string): void {
    const collapsed = new Set(this.collapsed);
    if (!collapsed.delete(id)) collapsed.add(id);
    this.collapsed = collapsed;
    this.draw();
  }

  private draw(): void {
    const { comparison } = this;
    if (!comparison) return;
    const rows = new Map(comparison.rows.map((row) => [row.id, row]));
    const state = this.both(comparison);
    const beside: Beside = {
      executorOf: (task) => this.catalogue.of(task)?.name ?? executorOf(task) ?? '',
      problems: NO_PROBLEMS,
      order: NO_ORDER,
      marks: this.marksOf(comparison, rows),
      run: state,
      elapsed: () => null,
    };
    const nodes = this.picture.nodes(comparison.document, this.collapsed, (task) => this.places.of(task.id, positionOf(task)), beside);
    this.scene.setGraph(nodes.map((node) => ({ ...node, look: this.besideEachOther(node.look, rows.get(node.id)!) })), edgesOf(comparison.document, state));
    this.scene.select(this.selected === null ? [] : [this.selected]);
  }

  /** The most telling difference of each task, and of a closed group that of what is in it. */
  private marksOf({ document }: Comparison, rows: ReadonlyMap<string, Row>): Map<string, Mark> {
    const marks = new Map<string, Mark>();
    for (const id of rows.keys()) {
      const members = this.collapsed.has(id) ? withDescendants(document, [id]) : [id];
      const kinds = new Set([...members].flatMap((member) => rows.get(member)!.kinds));
      const mark = TELLING.find((kind) => kinds.has(kind));
      if (mark) marks.set(id, mark);
    }
    return marks;
  }

  /** The right run's tasks, and those that only the left one has, by the ids of the drawing. */
  private both({ rows }: Comparison): RunState {
    const tasks = new Map<string, TaskFacts>(rows.flatMap(({ id, left, right }) => { const half = right ?? left; return half ? [[id, half.facts] as const] : []; }));
    return { ...this.right!.state, tasks };
  }

  /** What a card says of both runs. */
  private besideEachOther(look: NodeLook, { left, right, kinds }: Row): NodeLook {
    const words = [left, right].flatMap((half) => (half ? [SHOWN_WORDS[half.facts.shown]] : []));
    const times = [left, right].flatMap((half) => (half ? (durationOf(half.facts) ?? []) : [])).map(durationInWords);
    const isOther = kinds.length === 1 && kinds[0] === 'duration';
    return {
      ...look,
      word: words.length === 2 && words[0] !== words[1] ? words.join(' → ') : look.word,
      elapsed: isOther ? times.join(' → ') : kinds.length === 0 ? (times.at(-1) ?? null) : null,
      progress: null,
      cause: false,
      faded: this.isOnlyDiffering && kinds.length === 0,
    };
  }

  private writeAddress(): void {
    if (!this.left || !this.right) return;
    const query = new URLSearchParams({ left: this.left.run.id, right: this.right.run.id });
    if (this.selected !== null) query.set('task', this.selected);
    if (this.isOnlyDiffering) query.set('only', '1');
    history.replaceState(null, '', `${location.pathname}?${query}`);
  }
}
