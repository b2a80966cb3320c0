/** Where tasks stand: as the document says, else as a layout of all of them says, made in a worker. */

import type { Point } from '../model/fields';
import type { TreeDocument } from '../model/document';
import type { LayoutEdge, LayoutNode, LayoutRequest, Placed } from '../model/layout';
import type { LayoutAnswer, LayoutJob } from '../model/layout.worker';
import { dependenciesOf, parentOf, positionOf } from '../model/task';
import { TASK_SIZE } from '../../canvas/scene';

/** Lays trees out, off the main thread. */
export class LayoutWorker {
  private worker: Worker | null = null;
  private number = 0;
  private readonly waiting = new Map<number, (placed: Map<string, Placed>) => void>();

  /** Return the places of all tasks that are shown. */
  run(request: LayoutRequest): Promise<Map<string, Placed>> {
    const number = (this.number += 1);
    const worker = (this.worker ??= this.start());
    return new Promise((resolve) => {
      this.waiting.set(number, resolve);
      worker.postMessage({ number, request } satisfies LayoutJob);
    });
  }

  stop(): void {
    this.worker?.terminate();
    this.worker = null;
  }

  private start(): Worker {
    const worker = new Worker(new URL('../model/layout.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<LayoutAnswer>) => {
      this.waiting.get(data.number)?.(new Map(data.placed));
      this.waiting.delete(data.number);
    };
    return worker;
  }
}

/** The request that lays a document out; of `only`, where given, those tasks by themselves. */
export function layoutRequest(document: TreeDocument, collapsed: ReadonlySet<string>, only?: ReadonlySet<string>): LayoutRequest {
  const tasks = only ? document.tasks.filter((task) => only.has(task.id)) : document.tasks;
  const inside = new Set(tasks.map((task) => task.id));
  const nodes = tasks.map((task): LayoutNode => {
    const parent = parentOf(task);
    const drawnIn = parent !== null && inside.has(parent) ? parent : null;
    return { id: task.id, parent: drawnIn, ...TASK_SIZE, isCollapsed: collapsed.has(task.id) };
  });
  const edges = tasks.flatMap((task): LayoutEdge[] =>
    dependenciesOf(task).flatMap(({ id }) => (inside.has(id) ? [{ from: id, to: task.id }] : [])),
  );
  return { nodes, edges };
}

/** Places for tasks whose document gives none. They are shown and not stored: looking at a tree changes nothing. */
export class Places {
  made = $state.raw<ReadonlyMap<string, Point>>(new Map());

  constructor(private readonly layouts: LayoutWorker) {}

  of(id: string, document: Point | null): Point {
    return document ?? this.made.get(id) ?? { x: 0, y: 0 };
  }

  /** The made places of a document's tasks that have none of their own. */
  missing(document: TreeDocument): Map<string, Point> {
    const bare = document.tasks.filter((task) => positionOf(task) === null);
    return new Map(bare.flatMap(({ id }) => (this.made.has(id) ? [[id, this.made.get(id)!]] : [])));
  }

  /** Make places when some are missing. A tree without any is laid out whole; single ones go below what is there. */
  async complete(document: TreeDocument): Promise<void> {
    const bare = new Set(document.tasks.filter((task) => positionOf(task) === null).map(({ id }) => id));
    if ([...bare].every((id) => this.made.has(id))) return;
    const isWhole = bare.size === document.tasks.length;
    const placed = await this.layouts.run(layoutRequest(document, NONE, isWhole ? undefined : bare));
    const parents = new Map(document.tasks.map((task) => [task.id, parentOf(task)]));
    const made = new Map(this.made);
    for (const [id, { x, y }] of placed) {
      const parent = parents.get(id) ?? null;
      if (!made.has(id)) made.set(id, { x, y: bare.has(parent ?? '') ? y : y + bottomOf(document, parent) });
    }
    this.made = made;
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Where what has a place ends, in a group or on the canvas. */
function bottomOf(document: TreeDocument, parent: string | null): number {
  const places = document.tasks.flatMap((task) => (parentOf(task) === parent ? (positionOf(task) ?? []) : []));
  return places.length === 0 ? 0 : Math.max(...places.map(({ y }) => y)) + 2 * TASK_SIZE.height;
}
