import { plainLook, TASK_SIZE, type SceneEdge, type SceneNode } from '../../src/canvas/scene';

/** A task; `more` says what is special about it. */
export function task(id: string, x: number, y: number, more: Partial<SceneNode> = {}): SceneNode {
  return { id, parent: null, kind: 'task', collapsed: false, x, y, ...TASK_SIZE, look: plainLook(id), ...more };
}

export function group(id: string, x: number, y: number, more: Partial<SceneNode> = {}): SceneNode {
  return task(id, x, y, { kind: 'group', ...more });
}

export function edge(source: string, target: string, more: Partial<SceneEdge> = {}): SceneEdge {
  return { source, target, required: true, state: 'idle', label: null, ...more };
}
