/** The fields of a task and of a tree, and what each is when it is left out: docs/reference/tree-document.md. */

import type { JSONObject, JSONValue } from './json';

export const FORMAT = 'apflow-tree';
export const VERSION = 1;

/** Waits for task `id`; with `required` it runs only when that one completed. */
export interface Dependency {
  id: string;
  required: boolean;
}

/** A place on the canvas: from the parent's corner, or from the canvas's own for a task without a parent. */
export interface Point {
  x: number;
  y: number;
}

/** 0 urgent, 1 high, 2 normal, 3 low. */
export type Priority = 0 | 1 | 2 | 3;

/** Every field of a task but `id` and `name`, with the value that stands for leaving it out. */
export const TASK_DEFAULTS = {
  executor: null,
  inputs: {},
  params: {},
  schemas: {},
  priority: 2,
  parent_id: null,
  dependencies: [],
  timeout_seconds: null,
  retry: {},
  enabled: true,
  pinned: null,
  position: null,
  notes: '',
} as const satisfies JSONObject | { dependencies: readonly [] };

/** The same for the tree itself, but its `name`. */
export const TREE_DEFAULTS = {
  description: '',
  tags: [],
  parameters: null,
  max_concurrency: null,
  timeout_seconds: null,
} as const;

export const RETRY_DEFAULTS = {
  max_attempts: 1,
  backoff: 'exponential',
  base_seconds: 1,
  cap_seconds: 300,
  jitter: 0.1,
} as const;

const DEFAULTS: ReadonlyMap<string, unknown> = new Map(Object.entries(TASK_DEFAULTS));
const DEFAULTS_OF_TREE: ReadonlyMap<string, unknown> = new Map(Object.entries(TREE_DEFAULTS));

/** The value that stands for leaving a field of a task out; `undefined` for a field that is not known here. */
export function taskDefault(field: string): JSONValue | undefined {
  return DEFAULTS.get(field) as JSONValue | undefined;
}

/** The same for a field of the tree. */
export function treeDefault(field: string): JSONValue | undefined {
  return DEFAULTS_OF_TREE.get(field) as JSONValue | undefined;
}

/** Columns of apflow's own task rows that mean nothing in a definition (orchestration/engine/validation.py). */
export const FOREIGN_COLUMNS: ReadonlySet<string> = new Set([
  ...['user_id', 'status', 'result', 'error', 'progress', 'created_at', 'updated_at', 'started_at', 'completed_at'],
  ...['has_children', 'has_references', 'task_tree_id', 'original_task_id', 'origin_type', 'token_usage', 'type'],
  ...['schedule_type', 'schedule_expression', 'schedule_enabled', 'schedule_start_at', 'schedule_end_at'],
  ...['next_run_at', 'last_run_at', 'max_runs', 'run_count', 'max_attempts', 'attempt_count', 'children'],
]);
