/** What the API sends and takes of trees: docs/reference/http-api.md. */

import type { JSONValue, Status, Timestamp } from '../live/frames';
import type { Problem } from './errors';

export type JSONObject = { [key: string]: JSONValue };
export type Visibility = 'private' | 'groups' | 'everyone';

export interface LastRun {
  id: string;
  status: Status;
  queued_at: Timestamp;
  finished_at: Timestamp | null;
}

/** A tree, in a list. */
export interface TreeSummary {
  id: string;
  name: string;
  description: string;
  tags: string[];
  owner: string | null;
  visibility: Visibility;
  shared_with: string[];
  version: number;
  archived: boolean;
  task_count: number;
  last_run: LastRun | null;
  created_at: Timestamp;
  updated_at: Timestamp;
}

/** A tree with its portable document. */
export interface Tree extends TreeSummary {
  definition: JSONObject;
  problems: Problem[];
  may: { edit: boolean; manage: boolean; run: boolean };
}

export interface Validation {
  valid: boolean;
  problems: Problem[];
  /** The document in its normal form; null when it can't be read. */
  definition: JSONObject | null;
}

/** When tasks would start, were they all to succeed and to last equally long. */
/** How long one task took in past runs. */
export interface TaskDuration {
  task: string;
  runs: number;
  median_ms: number;
  p95_ms: number;
}

export interface StartOrder {
  slots: number;
  /** Ids of the tasks that start together, step by step. */
  steps: string[][];
  never: { task: string; why: string }[];
}

export interface TreeVersion {
  number: number;
  message: string;
  author: string | null;
  created_at: Timestamp;
}

export interface FieldChange {
  from: JSONValue;
  to: JSONValue;
}

export interface EdgeChange {
  /** Waits for `depends_on`. */
  task: string;
  depends_on: string;
  required: boolean;
}

/** What a task did in a run, as far as a grid tells. */
export type GridCell = Status | 'blocked' | 'retrying';

export interface GridTask {
  id: string;
  name: string;
  /** For each of the grid's runs; null where the task was not in it. */
  cells: (GridCell | null)[];
}

/** The last runs of a tree, newest first, and a page of its tasks. */
export interface TreeGrid {
  runs: { id: string; status: Status; queued_at: Timestamp; started_at: Timestamp | null; finished_at: Timestamp | null }[];
  success_rate: number | null;
  median_seconds: number | null;
  p95_seconds: number | null;
  last_good: string | null;
  last_failed: string | null;
  tasks: GridTask[];
  next: string | null;
}

/** What changed from one version of a tree to another. */
export interface TreeDiff {
  from: number;
  to: number;
  tree: { [field: string]: FieldChange };
  tasks: {
    added: { id: string; name: string }[];
    removed: { id: string; name: string }[];
    changed: { id: string; name: string; fields: { [field: string]: FieldChange } }[];
  };
  dependencies: { added: EdgeChange[]; removed: EdgeChange[]; changed: EdgeChange[] };
  reordered: boolean;
}
