/** What the API sends of executors, workers and people: docs/reference/http-api.md. */

import type { Status, Timestamp } from '../live/frames';
import type { JSONObject } from './types';

/** An executor, in the catalogue. */
export interface Executor {
  id: string;
  name: string;
  description: string;
  origin: string;
  /** Empty when none is declared. */
  input_schema: JSONObject;
  output_schema: JSONObject;
  example: JSONObject | null;
  is_async: boolean;
  idempotent: boolean;
  isolation: string;
  timeout_seconds: number | null;
  enabled: boolean;
  max_concurrency: number | null;
  rate_count: number | null;
  rate_seconds: number;
  /** A live worker has it. */
  available: boolean;
  /** The user may use it: false where it is for groups that they are not in. */
  usable: boolean;
  /** The path of its page in the administration, for those who may go there. */
  page: string | null;
  tags: string[];
}

/** Task runs of the last seven days that have ended; seconds of their last attempts. */
export interface Usage {
  runs: number;
  failures: number;
  p50_seconds: number | null;
  p95_seconds: number | null;
  days: { day: string; runs: number; failures: number }[];
}

export interface ExecutorDetails extends Executor {
  docs: string;
  source: string | null;
  usage: Usage;
}

export interface Worker {
  id: string;
  name: string;
  host: string;
  version: string;
  slots: number;
  running: number;
  executors: string[];
  draining: boolean;
  live: boolean;
  heartbeat_at: Timestamp;
  started_at: Timestamp;
  stopped_at: Timestamp | null;
  runs: { id: string; tree_name: string; status: Status }[];
}

export interface Me {
  username: string;
  roles: string[];
  permissions: string[];
  token: { name: string; scope: string } | null;
}
