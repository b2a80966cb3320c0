/** Two runs beside each other: what differs of each task, in the order in which they started. */

import type { Digests, Run } from '../../core/api';
import type { RunState, TaskFacts } from '../../core/run-state';
import { compareObjects, diffDocuments, type FieldChange } from '../../builder/model/diff';
import type { Task, TreeDocument } from '../../builder/model/document';
import { childrenById } from '../../builder/model/task';
import { matchTasks, renamed } from './matching';
import { startOrderOf } from './start-order';
import { diffValues } from './values';

/** What can differ of a task, the causes before what comes of them. */
export const KINDS = ['only_left', 'only_right', 'definition', 'inputs', 'outcome', 'result', 'duration'] as const;
export type Kind = (typeof KINDS)[number];

/** The same, the most telling one first. */
export const TELLING: readonly Kind[] = ['only_left', 'only_right', 'outcome', 'definition', 'inputs', 'result', 'duration'];

/** One run as it is compared. */
export interface Side {
  readonly run: Run;
  readonly document: TreeDocument;
  readonly state: RunState;
  readonly digests: ReadonlyMap<string, Digests>;
}

/** What one run has of a task. */
export interface Half {
  /** Its id in that run. */
  readonly id: string;
  readonly facts: TaskFacts;
  readonly digests: Digests | null;
}

/** A dependency that only one run has, or that has become another. */
export interface EdgeChange {
  readonly from: string;
  readonly kind: 'only_left' | 'only_right' | 'required' | 'optional';
}

export interface Row {
  /** The task's id in the left run; in the right one where only that has it. */
  readonly id: string;
  readonly name: string;
  readonly isGroup: boolean;
  readonly left: Half | null;
  readonly right: Half | null;
  readonly fields: readonly FieldChange[];
  readonly edges: readonly EdgeChange[];
  readonly kinds: readonly Kind[];
}

export interface Comparison {
  /** In start order. */
  readonly rows: readonly Row[];
  /** Both definitions on one picture. */
  readonly document: TreeDocument;
  /** What the runs were started with: parameters, limits. */
  readonly settings: readonly FieldChange[];
  /** The first task that differs by more than its duration. */
  readonly first: Row | null;
}

/** A duration is another by a lot when it is more than twice the other, and a second longer. */
const TIMES = 2;
const LEAST_MS = 1_000;

/** Compare two runs. */
export function compareRuns(left: Side, right: Side): Comparison {
  const matched = matchTasks(left.document.tasks, right.document.tasks);
  const mapped = renamed(right.document, matched);
  const diff = diffDocuments(left.document, mapped);
  const rightIds = new Map(right.document.tasks.map(({ id }) => [matched.get(id) ?? id, id]));
  const document = unionOf(left, mapped, right.run.tree_id);
  const groups = childrenById(document);
  const fields = new Map(diff.changed.map((change) => [change.after.id, change.fields.flatMap(innermost)]));
  const edges = new Map<string, EdgeChange[]>();
  const note = (to: string, edge: EdgeChange) => edges.set(to, [...(edges.get(to) ?? []), edge]);
  for (const { from, to } of diff.edges.removed) note(to, { from, kind: 'only_left' });
  for (const { from, to } of diff.edges.added) note(to, { from, kind: 'only_right' });
  for (const { from, to, required } of diff.edges.changed) note(to, { from, kind: required ? 'required' : 'optional' });

  const rows = new Map(
    document.tasks.map((task): [string, Row] => {
      const rightId = rightIds.get(task.id);
      const row = {
        id: task.id,
        name: task.name,
        isGroup: groups.has(task.id),
        left: halfOf(left, task.id),
        right: rightId === undefined ? null : halfOf(right, rightId),
        fields: fields.get(task.id) ?? [],
        edges: edges.get(task.id) ?? [],
      };
      const isShared = row.left !== null && row.right !== null;
      const own = isShared ? row : { ...row, fields: [], edges: [] };
      return [task.id, { ...own, kinds: kindsOf(own) }];
    }),
  );
  const ordered = startOrderOf(document, (id) => offsetOf(rows.get(id)!, left, right)).map((id) => rows.get(id)!);
  return {
    rows: ordered,
    document,
    settings: [
      ...compareObjects({ parameters: left.run.parameters }, { parameters: right.run.parameters }),
      ...diff.tree.filter(({ path }) => path[0] !== 'name'),
    ],
    first: ordered.find(({ kinds }) => kinds.some((kind) => kind !== 'duration')) ?? null,
  };
}

/** A change inside of a list is one of its entries. */
function innermost({ path, before, after }: FieldChange): FieldChange[] {
  return diffValues(before, after).map((change) => ({ ...change, path: [...path, ...change.path] }));
}

function halfOf({ state, digests }: Side, id: string): Half | null {
  const facts = state.tasks.get(id);
  return facts ? { id, facts, digests: digests.get(id) ?? null } : null;
}

/** What differs of a task, in the order of `KINDS`. */
function kindsOf(row: Omit<Row, 'kinds'>): Kind[] {
  const { left, right } = row;
  if (!left || !right) return [left ? 'only_left' : 'only_right'];
  const differs: Readonly<Record<Kind, boolean>> = {
    only_left: false,
    only_right: false,
    // Inputs that differ in a secret look the same to who may not see it.
    definition: row.fields.length > 0 || row.edges.length > 0 || differ(left.digests?.inputs, right.digests?.inputs),
    inputs: differ(left.digests?.resolved_inputs, right.digests?.resolved_inputs),
    outcome: !isSameOutcome(left.facts, right.facts),
    result: differ(left.digests?.result, right.digests?.result),
    duration: !row.isGroup && isOtherDuration(durationOf(left.facts), durationOf(right.facts)),
  };
  return KINDS.filter((kind) => differs[kind]);
}

/** A value that one run does not have says nothing: its outcome does. */
function differ(left: string | null | undefined, right: string | null | undefined): boolean {
  return typeof left === 'string' && typeof right === 'string' && left !== right;
}

function isSameOutcome(left: TaskFacts, right: TaskFacts): boolean {
  return left.status === right.status && left.errorType === right.errorType && left.error === right.error;
}

/** How long a task took, in milliseconds; null when it did not run, or has not ended. */
export function durationOf({ startedAt, finishedAt }: TaskFacts): number | null {
  return startedAt === null || finishedAt === null ? null : finishedAt - startedAt;
}

/** Tell whether two durations differ by a lot. */
export function isOtherDuration(left: number | null, right: number | null): boolean {
  if (left === null || right === null) return false;
  const [short, long] = left < right ? [left, right] : [right, left];
  return long > TIMES * short && long - short >= LEAST_MS;
}

/** How long after its run's start a task started; what a run took over from another was there before. */
function offsetOf({ left, right }: Row, leftSide: Side, rightSide: Side): number {
  const offsets = [sinceStart(left, leftSide), sinceStart(right, rightSide)].filter((offset) => offset !== null);
  if (offsets.length > 0) return Math.min(...offsets);
  return left?.facts.reused || right?.facts.reused ? 0 : Infinity;
}

function sinceStart(half: Half | null, { state }: Side): number | null {
  const startedAt = half?.facts.startedAt ?? null;
  return startedAt === null ? null : startedAt - (state.run.startedAt ?? state.run.queuedAt);
}

/** Both definitions as one document: the right run's tasks with the edges of both, and those that only the left one has. */
function unionOf(left: Side, right: TreeDocument, rightTree: string | null): TreeDocument {
  const byId = new Map(left.document.tasks.map((task) => [task.id, task]));
  const shared = new Set(right.tasks.map(({ id }) => id));
  const isSameTree = left.run.tree_id === rightTree;
  const tasks = [
    ...left.document.tasks.filter(({ id }) => !shared.has(id)),
    ...right.tasks.map((task): Task => {
      const before = byId.get(task.id);
      return before ? { ...task, dependencies: withEdgesOf(task, before) } : task;
    }),
  ];
  // Places of two drawings say nothing of each other: the picture is laid out anew.
  return { ...right, tasks: isSameTree ? tasks : tasks.map(({ position: _, ...task }) => task as Task) };
}

function withEdgesOf(task: Task, other: Task): NonNullable<Task['dependencies']> {
  const own = Array.isArray(task.dependencies) ? task.dependencies : [];
  const more = Array.isArray(other.dependencies) ? other.dependencies : [];
  const known = new Set(own.map(idOfEdge));
  return [...own, ...more.filter((edge) => !known.has(idOfEdge(edge)))];
}

function idOfEdge(edge: unknown): unknown {
  return typeof edge === 'object' && edge !== null && 'id' in edge ? edge.id : edge;
}

/** Tell whether two runs are of the same definition. */
export function isSameDefinition({ rows, settings }: Comparison): boolean {
  const kinds: readonly Kind[] = ['only_left', 'only_right', 'definition'];
  return settings.every(({ path }) => path[0] === 'parameters') && rows.every((row) => !row.kinds.some((kind) => kinds.includes(kind)));
}

/** Tell whether both runs have a value, and the same one. */
export function isSameValue({ left, right }: Row, name: 'resolved_inputs' | 'result'): boolean {
  const digest = left?.digests?.[name];
  return typeof digest === 'string' && digest === right?.digests?.[name];
}
