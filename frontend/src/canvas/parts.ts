/** What a scene is made of. */

import type { Mark } from './marks';

export type Status =
  | 'pending' | 'waiting' | 'in_progress' | 'completed' | 'reused' | 'failed' | 'blocked' | 'cancelled' | 'retrying';

export type Priority = 0 | 1 | 2 | 3;
export type EdgeState = 'idle' | 'running' | 'done' | 'blocked';

/** What is written on a card. Looks are never changed in place. */
export interface NodeLook {
  readonly title: string;
  /** The executor. */
  readonly subtitle: string;
  readonly priority: Priority;
  readonly status: Status | null;
  /** The status in words; null when there is none. */
  readonly word: string | null;
  /** From 0 to 1; null while it is not known. */
  readonly progress: number | null;
  readonly elapsed: string | null;
  readonly attempts: { readonly number: number; readonly of: number } | null;
  readonly problems: { readonly count: number; readonly worst: 'error' | 'warning' } | null;
  readonly pinned: boolean;
  readonly disabled: boolean;
  readonly reused: boolean;
  readonly note: string | null;
  /** Its place in the order of starting. */
  readonly order: number | null;
  readonly mark: Mark | null;
  /** How many tasks are inside a group. */
  readonly count: number;
  /** In a run: it failed of its own accord. */
  readonly cause: boolean;
  readonly faded: boolean;
}

export interface SceneNode {
  readonly id: string;
  readonly parent: string | null;
  readonly kind: 'task' | 'group';
  readonly collapsed: boolean;
  /** Relative to the parent's `x` and `y`. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly look: NodeLook;
}

export interface SceneEdge {
  readonly source: string;
  readonly target: string;
  readonly required: boolean;
  readonly state: EdgeState;
  readonly label: string | null;
}

/** Everything that one card needs to draw itself. */
export interface CardState {
  readonly look: NodeLook;
  readonly selected: boolean;
  /** Whether the keyboard stands on it. */
  readonly current: boolean;
  readonly renaming: boolean;
  readonly dropTarget: boolean;
}

/** Everything that a drawn edge needs beside its place. */
export interface EdgeLook {
  readonly state: EdgeState;
  readonly selected: boolean;
}

/** The size of a task, and of a collapsed group. */
export const TASK_SIZE = { width: 224, height: 72 } as const;

/** Return the id of an edge; two edges never join the same nodes in the same direction. */
export function edgeId(source: string, target: string): string {
  return `${source}\u0000${target}`;
}

/** The two ends of an edge. */
export interface EdgeEnds {
  readonly source: string;
  readonly target: string;
}

/** Return the ends that an id was made of. */
export function edgeEnds(id: string): EdgeEnds {
  const [source = '', target = ''] = id.split('\u0000');
  return { source, target };
}

/** Return a look with nothing on. */
export function plainLook(title: string, more: Partial<NodeLook> = {}): NodeLook {
  return { ...NOTHING_ON, title, ...more };
}

const NOTHING_ON: NodeLook = {
  title: '', subtitle: '', priority: 2, status: null, word: null, progress: null, elapsed: null, attempts: null,
  problems: null, pinned: false, disabled: false, reused: false, note: null, order: null, mark: null, count: 0, cause: false, faded: false,
};
