/** What somebody wants of a re-run, as the API takes it, and its plan as marks on cards. */

import type { RerunPlan, RerunWish } from '../../core/api';
import { readServerPath } from '../../builder/app/server-paths';
import type { TreeDocument } from '../../builder/model/document';
import { sameJSON, type JSONObject } from '../../builder/model/json';
import { childrenById, inputsOf } from '../../builder/model/task';
import type { FieldProblem } from '../../builder/model/schema-form';
import type { Mark } from '../../canvas/marks';

export type Scope = 'failed' | 'selected' | 'chosen' | 'all';
export type Fate = RerunPlan['steps'][number]['fate'];
export type Step = RerunPlan['steps'][number];

/** What a re-run would do, to be drawn. */
export interface Draft {
  readonly document: TreeDocument;
  readonly marks: ReadonlyMap<string, Mark>;
}

/** Characters of a key that the server writes into a path. */
const KEY_CHARS = 60;

export interface Choices {
  readonly scope: Scope;
  readonly selected: readonly string[];
  readonly chosen: ReadonlySet<string>;
  readonly latest: boolean;
  readonly inputs: ReadonlyMap<string, JSONObject>;
}

/** Return the wish; what names a task that the definition does not have is left out of it. */
export function wishOf({ scope, selected, chosen, latest, inputs }: Choices, document: TreeDocument): RerunWish {
  const ids = document.tasks.map(({ id }) => id);
  const wanted = scope === 'selected' ? new Set(selected) : chosen;
  const edited = ids.filter((id) => inputs.has(id));
  return {
    scope: scope === 'selected' ? 'chosen' : scope,
    latest,
    ...(scope === 'selected' || scope === 'chosen' ? { chosen: ids.filter((id) => wanted.has(id)) } : {}),
    ...(edited.length ? { inputs: Object.fromEntries(edited.map((id) => [id, inputs.get(id)!])) } : {}),
  };
}

/** Note other inputs of a task; those that it has anyhow are no change. */
export function withInputs(inputs: ReadonlyMap<string, JSONObject>, task: TreeDocument['tasks'][number], value: JSONObject): Map<string, JSONObject> {
  const changed = new Map(inputs);
  if (sameJSON(value, inputsOf(task))) changed.delete(task.id);
  else changed.set(task.id, value);
  return changed;
}

/** Return the mark of each task. A group ends with its tasks and has none. */
export function marksOf(plan: RerunPlan, document: TreeDocument): Map<string, Mark> {
  const groups = childrenById(document);
  return new Map(plan.steps.flatMap(({ task_id, fate }): [string, Mark][] => (groups.has(task_id) ? [] : [[task_id, fate]])));
}

/** What is wrong with a wish: with the inputs of which task, with the parameters, and with the rest. */
export interface SortedProblems {
  readonly inputs: ReadonlyMap<string, readonly FieldProblem[]>;
  readonly parameters: readonly FieldProblem[];
  readonly others: readonly string[];
}

export function sortProblems(problems: readonly { path: string; message: string }[]): SortedProblems {
  const parameters: FieldProblem[] = [];
  const inputs = new Map<string, FieldProblem[]>();
  const others: string[] = [];
  for (const { path, message } of problems) {
    const [place, key, ...rest] = readServerPath(path);
    if (place === 'parameters') parameters.push({ path: key === undefined ? [] : [key, ...rest], message });
    else if (place === 'inputs' && typeof key === 'string') inputs.set(key, [...(inputs.get(key) ?? []), { path: rest, message }]);
    else others.push(message);
  }
  return { inputs, parameters, others };
}

/** What is wrong with the inputs of a task. */
export function problemsOf(id: string, found: ReadonlyMap<string, readonly FieldProblem[]>): readonly FieldProblem[] {
  return found.get(id.slice(0, KEY_CHARS)) ?? [];
}
