/** The document as the canvas shows it. What has not changed keeps its object, so that it is not drawn again. */

import { plainLook, type NodeLook, type SceneEdge, type SceneNode, type Status } from '../../canvas/scene';
import { TASK_SIZE } from '../../canvas/scene';
import { SHOWN_WORDS, wordOfTask, type RunState, type TaskFacts } from '../../core/run-state';
import type { Task, TreeDocument } from '../model/document';
import type { Point } from '../model/fields';
import { childrenById, dependenciesOf, isEnabled, isPinned, notesOf, parentOf, priorityOf } from '../model/task';
import type { Found } from './problems.svelte';
import { failedByItself } from './run-causes';

/** What is known of a task besides the document. */
export interface Beside {
  readonly executorOf: (task: Task) => string;
  readonly problems: ReadonlyMap<string, readonly Found[]>;
  readonly order: ReadonlyMap<string, number>;
  readonly marks: ReadonlyMap<string, NonNullable<NodeLook['mark']>>;
  readonly run: RunState | null;
  readonly elapsed: (facts: TaskFacts) => string | null;
}

/** Draws documents; remembers the last looks. */
export class Picture {
  private looks = new Map<string, NodeLook>();

  nodes(document: TreeDocument, collapsed: ReadonlySet<string>, placeOf: (task: Task) => Point, beside: Beside): SceneNode[] {
    const children = childrenById(document);
    const ids = new Set(document.tasks.map((task) => task.id));
    const looks = new Map<string, NodeLook>();
    const nodes = document.tasks.map((task): SceneNode => {
      const parent = parentOf(task);
      const count = children.get(task.id)?.length ?? 0;
      const look = this.lookOf(task, count, beside);
      looks.set(task.id, look);
      return {
        id: task.id,
        parent: parent !== null && ids.has(parent) ? parent : null,
        kind: count > 0 ? 'group' : 'task',
        collapsed: collapsed.has(task.id),
        ...placeOf(task),
        ...TASK_SIZE,
        look,
      };
    });
    this.looks = looks;
    return nodes;
  }

  /** The looks of tasks that a run has changed. */
  runLooks(ids: Iterable<string>, tasks: ReadonlyMap<string, Task>, counts: ReadonlyMap<string, string[]>, beside: Beside): [string, NodeLook][] {
    const changed: [string, NodeLook][] = [];
    for (const id of ids) {
      const task = tasks.get(id);
      if (!task) continue;
      const look = this.lookOf(task, counts.get(id)?.length ?? 0, beside);
      this.looks.set(id, look);
      changed.push([id, look]);
    }
    return changed;
  }

  private lookOf(task: Task, count: number, beside: Beside): NodeLook {
    const look = plainLook(task.name, { ...written(task, count, beside), ...ran(beside.run?.tasks.get(task.id), beside) });
    const before = this.looks.get(task.id);
    return before && isSameLook(before, look) ? before : look;
  }
}

function written(task: Task, count: number, beside: Beside): Partial<NodeLook> {
  const problems = beside.problems.get(task.id)?.length ?? 0;
  return {
    subtitle: beside.executorOf(task),
    priority: priorityOf(task),
    pinned: isPinned(task),
    disabled: !isEnabled(task),
    problems: problems > 0 ? { count: problems, worst: 'error' } : null,
    note: notesOf(task) || null,
    order: beside.order.get(task.id) ?? null,
    mark: beside.marks.get(task.id) ?? null,
    count,
  };
}

function ran(facts: TaskFacts | undefined, beside: Beside): Partial<NodeLook> {
  if (!facts) return {};
  return {
    status: facts.shown satisfies Status,
    priority: facts.priority as NodeLook['priority'],
    word: facts.shown === 'retrying' ? wordOfTask(facts) : SHOWN_WORDS[facts.shown],
    progress: facts.shown === 'in_progress' && facts.progress > 0 ? facts.progress : null,
    elapsed: beside.elapsed(facts),
    // What retries says so in its word.
    attempts: facts.shown !== 'retrying' && facts.maxAttempts > 1 && facts.attempt > 1 ? { number: facts.attempt - facts.uncountedAttempts, of: facts.maxAttempts } : null,
    reused: facts.reused,
    cause: failedByItself(facts),
  };
}

function isSameLook(a: NodeLook, b: NodeLook): boolean {
  return (Object.keys(b) as (keyof NodeLook)[]).every((key) => a[key] === b[key] || JSON.stringify(a[key]) === JSON.stringify(b[key]));
}

/** The edges, with their states in a run. */
export function edgesOf(document: TreeDocument, run: RunState | null): SceneEdge[] {
  const ids = new Set(document.tasks.map((task) => task.id));
  return document.tasks.flatMap((task) =>
    dependenciesOf(task)
      .filter(({ id }) => ids.has(id) && id !== task.id)
      .map(({ id, required }): SceneEdge => {
        return { source: id, target: task.id, required, state: edgeState(run, id, task.id), label: null };
      }),
  );
}

/** An edge runs while its upper end runs, is done when that has completed, and is blocked when it stopped its lower end. */
export function edgeState(run: RunState | null, from: string, to: string): SceneEdge['state'] {
  const upper = run?.tasks.get(from);
  const lower = run?.tasks.get(to);
  if (!upper || !lower) return 'idle';
  if (upper.shown === 'in_progress') return 'running';
  if (lower.shown === 'blocked' && (upper.shown === 'failed' || upper.shown === 'blocked')) return 'blocked';
  return upper.status === 'completed' ? 'done' : 'idle';
}
