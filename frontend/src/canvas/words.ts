/** Every word that the canvas says by itself. */

import { markWord } from './marks';
import type { NodeLook, Priority } from './scene';

export const WORDS = {
  roleDescription: 'task graph',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  fit: 'Fit to view',
  minimap: 'Map of the whole graph; press to move the view',
  name: 'Name',
  insert: 'Insert a task here',
  pinned: 'Pinned result',
  disabled: 'Disabled',
  reused: 'Reused',
  cause: 'First cause',
  collapse: 'Collapse',
  expand: 'Expand',
  empty: 'There are no tasks yet.',
} as const;

export function priorityWord(priority: Priority): string {
  return `Priority ${priority}${priority === 0 ? ', first' : priority === 3 ? ', last' : ''}`;
}

export function problemsWord({ count, worst }: NonNullable<NodeLook['problems']>): string {
  return `${count} ${worst === 'error' ? 'error' : 'warning'}${count === 1 ? '' : 's'}`;
}

export function tasksWord(count: number): string {
  return `${count} ${count === 1 ? 'task' : 'tasks'}`;
}

/** All that a card shows, as one sentence for a screen reader. */
export function cardName(look: NodeLook): string {
  const { problems, attempts, mark } = look;
  const parts = [
    look.title,
    look.subtitle,
    look.word,
    attempts && `attempt ${attempts.number} of ${attempts.of}`,
    look.progress !== null && `${Math.round(look.progress * 100)} %`,
    priorityWord(look.priority),
    look.order !== null && `starts as number ${look.order}`,
    problems && problemsWord(problems),
    look.pinned && WORDS.pinned,
    look.disabled && WORDS.disabled,
    look.reused && look.word !== WORDS.reused && WORDS.reused,
    look.cause && WORDS.cause,
    mark && markWord(mark),
    look.note && `Note: ${look.note}`,
  ];
  return parts.filter(Boolean).join(', ');
}

export function edgeName(source: string, target: string, required: boolean): string {
  return `${target} ${required ? 'requires' : 'may use'} ${source}`;
}

/** What a screen reader says about how to use the canvas. */
export function hint(outline: string): string {
  return `Arrow keys walk from task to task, Enter opens one, plus and minus zoom, 1 shows everything. ${outline}`;
}
