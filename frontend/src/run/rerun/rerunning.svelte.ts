/** A re-run that is being thought of: what is wanted, the server's plan for it, and starting it. */

import { ApiError, type RerunPlan, type Tree } from '../../core/api';
import { openDocument, type Task, type TreeDocument } from '../../builder/model/document';
import { isObject, type JSONObject, type JSONValue } from '../../builder/model/json';
import { inputsOf } from '../../builder/model/task';
import type { RunPage } from '../app/run-page.svelte';
import { marksOf, sortProblems, wishOf, withInputs, type Scope, type SortedProblems, type Step } from './wish';

/** So long typing goes on before the server is asked again. */
const PAUSE_MS = 250;

export class Rerunning {
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  inputs = $state.raw<ReadonlyMap<string, JSONObject>>(new Map());
  /** The tree as it is now; null while the run's own definition is taken. */
  private tree = $state.raw<{ version: number; document: TreeDocument } | null>(null);
  plan = $state.raw<RerunPlan | null>(null);
  refusal = $state<string | null>(null);
  /** What is wanted has to change; a server that was away may be asked again. */
  private isRefused = $state(false);
  problems = $state.raw<SortedProblems>(sortProblems([]));
  /** Null: those of the run. */
  private parameters = $state.raw<JSONObject | null>(null);
  isAsking = $state(false);
  isStarting = $state(false);

  constructor(private readonly page: RunPage) {}

  // --- what is wanted -------------------------------------------------------------------------------------------

  readonly hasFailed = $derived.by(() => (void this.page.watching.live, [...(this.page.state?.tasks.values() ?? [])].some(({ status }) => status === 'failed' || status === 'cancelled')));

  /** What failed, if anything did, until somebody has chosen. */
  get scope(): Scope {
    const wanted = this.page.rerunScope ?? (this.hasFailed ? 'failed' : 'all');
    return wanted === 'selected' && this.page.selection.length === 0 ? 'chosen' : wanted;
  }

  set scope(scope: Scope) {
    if (scope === 'chosen' && this.chosen.size === 0) this.chosen = new Set(this.page.selection);
    this.page.rerunScope = scope;
  }

  choose(id: string, isChosen: boolean): void {
    const chosen = new Set(this.chosen);
    if (isChosen) chosen.add(id);
    else chosen.delete(id);
    this.chosen = chosen;
  }

  /** The definition that would run. */
  get document(): TreeDocument {
    return this.tree?.document ?? this.page.document!;
  }

  get isLatest(): boolean {
    return this.tree !== null;
  }

  /** The version that `setLatest` has found. */
  get latestVersion(): number | null {
    return this.tree?.version ?? null;
  }

  async setLatest(isLatest: boolean): Promise<void> {
    const id = this.page.run?.tree_id;
    this.tree = null;
    this.parameters = null;
    if (!isLatest || !id) return;
    try {
      this.tree = read(await this.page.api.trees.get(id));
    } catch (error) {
      this.refusal = (error as Error).message;
    }
  }

  /** What the tree as it is now asks of whoever starts it. */
  get schema(): JSONObject | null {
    const parameters = this.tree?.document.tree.parameters;
    return isObject(parameters) ? parameters : null;
  }

  get parametersNow(): JSONObject {
    return this.parameters ?? this.page.run?.parameters ?? {};
  }

  setParameters(parameters: JSONObject): void {
    this.parameters = parameters;
    this.refusal = null;
    this.isRefused = false;
  }

  /** Tasks are to be chosen, and none is yet. */
  get isUndecided(): boolean {
    return this.scope === 'chosen' && this.chosen.size === 0;
  }

  /** The inputs that a task would have. */
  inputsOf(task: Task): JSONObject {
    return this.inputs.get(task.id) ?? inputsOf(task);
  }

  setInputs(task: Task, value: JSONObject): void {
    this.inputs = withInputs(this.inputs, task, value);
  }

  resetInputs(id: string): void {
    const inputs = new Map(this.inputs);
    inputs.delete(id);
    this.inputs = inputs;
  }

  readonly wish = $derived.by(() =>
    wishOf({ scope: this.scope, selected: this.page.selection, chosen: this.chosen, latest: this.isLatest, inputs: this.inputs }, this.document),
  );

  // --- the plan -------------------------------------------------------------------------------------------------

  readonly steps: ReadonlyMap<string, Step> = $derived(new Map(this.plan?.steps.map((step) => [step.task_id, step])));

  readonly canGo = $derived(!this.isAsking && !this.isRefused && this.plan !== null && this.plan.steps.some(({ fate }) => fate === 'run'));

  /** Ask for the plan of the wish, if there is one, and draw it; returns how to stop. The last plan is shown meanwhile. */
  ask(): () => void {
    const { wish, document } = this;
    const asked = new AbortController();
    if (this.isUndecided) {
      this.plan = null;
      this.isAsking = false;
      void this.page.draft({ document, marks: new Map() }, asked.signal);
      return () => asked.abort();
    }
    this.isAsking = true;
    const timer = setTimeout(() => void this.askNow(asked.signal, wish, document), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      asked.abort();
    };
  }

  private async askNow(signal: AbortSignal, wish: Rerunning['wish'], document: TreeDocument): Promise<void> {
    try {
      const plan = await this.page.api.runs.rerunPlan(this.page.watching.runId, wish, { signal });
      this.plan = plan;
      this.refusal = null;
      this.isRefused = false;
      this.problems = sortProblems([]);
      await this.page.draft({ document, marks: marksOf(plan, document) }, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.refuse(error);
      this.isRefused = true;
    }
    if (!signal.aborted) this.isAsking = false;
  }

  private refuse(error: unknown): void {
    this.problems = sortProblems(error instanceof ApiError ? error.problems : []);
    const { inputs, parameters, others } = this.problems;
    const names = new Map(this.document.tasks.map(({ id, name }) => [id, name]));
    const said = [...inputs].flatMap(([id, found]) => found.map(({ message }) => `${names.get(id) ?? id}: ${message}`));
    this.refusal = [...said, ...parameters.map(({ message }) => message), ...others].join(' · ') || (error as Error).message;
  }

  /** Start the run; returns its id, or null when it was refused. */
  async start(): Promise<string | null> {
    this.isStarting = true;
    try {
      return (await this.page.api.runs.rerun(this.page.watching.runId, { ...this.wish, parameters: this.parameters }, crypto.randomUUID())).id;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.refuse(error);
      this.isRefused = error.status >= 400 && error.status < 500;
      this.isStarting = false;
      return null;
    }
  }
}

function read(tree: Tree): { version: number; document: TreeDocument } {
  const opened = openDocument(tree.definition as JSONValue, tree.name);
  if ('refusal' in opened) throw new Error(opened.refusal);
  return { version: tree.version, document: opened.document };
}
