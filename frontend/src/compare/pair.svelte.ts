/** The values of one task in both runs, read when they are looked at. */

import type { Api, TaskRun } from '../core/api';
import { unwrapResult } from '../builder/model/bindings';
import type { FieldChange } from '../builder/model/diff';
import type { JSONValue } from '../builder/model/json';
import type { Row } from './model/comparison';
import { diffValues } from './model/values';

export type ValueName = 'resolved_inputs' | 'result';

/** Differences that are listed. */
export const MOST_DIFFERENCES = 200;

export class Pair {
  left = $state.raw<TaskRun | null>(null);
  right = $state.raw<TaskRun | null>(null);
  failure = $state.raw<Error | null>(null);
  isReading = $state(false);
  private readonly requests = new AbortController();

  constructor(
    private readonly api: Api,
    private readonly runs: { readonly left: string; readonly right: string },
    readonly row: Row,
  ) {}

  /** Read both sides; with `full` also what is too large to be read unasked. */
  async read(full = false): Promise<void> {
    const { signal } = this.requests;
    const options = full ? { full, signal } : { signal };
    const { left, right } = this.row;
    this.isReading = true;
    try {
      [this.left, this.right] = await Promise.all([
        left && this.api.runs.task(this.runs.left, left.id, options),
        right && this.api.runs.task(this.runs.right, right.id, options),
      ]);
      this.failure = null;
    } catch (error) {
      if (!signal.aborted) this.failure = error as Error;
    } finally {
      this.isReading = false;
    }
  }

  stop(): void {
    this.requests.abort();
  }

  get isRead(): boolean {
    return (this.row.left === null || this.left !== null) && (this.row.right === null || this.right !== null);
  }

  /** Where a value differs; null when a side has none, or it is not read. */
  differences(name: ValueName): readonly FieldChange[] | null {
    const [left, right] = [valueIn(this.left, name), valueIn(this.right, name)];
    if (left === undefined || right === undefined) return null;
    const inner = name === 'result' && isEnvelope(left) && isEnvelope(right) ? diffValues(unwrapResult(left), unwrapResult(right), MOST_DIFFERENCES) : [];
    return inner.length > 0 ? inner : diffValues(left, right, MOST_DIFFERENCES);
  }

  /** Bytes of what was not sent, because it is too large; 0 for nothing. */
  unread(name: ValueName): number {
    return [this.left, this.right].reduce((sum, task) => sum + (task && isLeftOut(task, name) ? (task[`${name}_bytes`] ?? 0) : 0), 0);
  }
}

/** A value of a task; undefined when there is none, or it was too large to be sent. */
export function valueIn(task: TaskRun | null, name: ValueName): JSONValue | undefined {
  return task === null || task[`${name}_bytes`] === null || isLeftOut(task, name) ? undefined : task[name];
}

function isEnvelope(value: JSONValue): boolean {
  return unwrapResult(value) !== value;
}

function isLeftOut(task: TaskRun, name: ValueName): boolean {
  return task[name] === null && (task[`${name}_bytes`] ?? 0) > 'null'.length;
}
