/** What every field of a form shares: what is wrong, and how results of other tasks are picked. */

import { createContext } from 'svelte';

import type { Path } from '../../builder/model/json';
import { toPath } from '../json/paths';
import type { ValueProblem } from '../json/problems';

/** A field wants the result of another task. */
export interface PickRequest {
  readonly path: Path;
  readonly name: string;
  /** Put an expression where the cursor is, or in place of what is no text. */
  insert(expression: string): void;
}

export interface FormContext {
  /** What is wrong with exactly the value at a path. */
  problemsAt(path: Path): readonly string[];
  /** How many things are wrong at a path or below it. */
  countBelow(path: Path): number;
  readonly onpick: ((request: PickRequest) => void) | undefined;
  readonly isReadonly: boolean;
}

export const [formContext, setFormContext] = createContext<FormContext>();

/** Problems, found by their path. */
export class Problems {
  private readonly at = new Map<string, string[]>();
  private readonly below = new Map<string, number>();

  constructor(problems: readonly ValueProblem[]) {
    for (const { path: said, message } of problems) {
      const path = toPath(said);
      const key = JSON.stringify(path);
      this.at.set(key, [...(this.at.get(key) ?? []), message]);
      for (let length = 0; length <= path.length; length += 1) this.count(path.slice(0, length));
    }
  }

  problemsAt(path: Path): readonly string[] {
    return this.at.get(JSON.stringify(path)) ?? [];
  }

  countBelow(path: Path): number {
    return this.below.get(JSON.stringify(path)) ?? 0;
  }

  private count(path: Path): void {
    const key = JSON.stringify(path);
    this.below.set(key, (this.below.get(key) ?? 0) + 1);
  }
}
