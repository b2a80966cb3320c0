/** What the parts of one mounted canvas share. */

import { getContext, setContext } from 'svelte';

import type { CanvasEvents, DescribeEdge } from './events';
import type { Stage } from './stage';

export interface CanvasContext {
  readonly stage: Stage;
  readonly mode: 'edit' | 'view';
  readonly on: Partial<CanvasEvents>;
  readonly describeEdge: DescribeEdge | undefined;
  /** Move the page's focus to a node. */
  focus(id: string): void;
}

const KEY = Symbol('canvas');

export function setCanvas(context: CanvasContext): CanvasContext {
  return setContext(KEY, context);
}

export function getCanvas(): CanvasContext {
  return getContext<CanvasContext>(KEY);
}
