/** What the keyboard does on the page of a run. */

import type { TaskAct } from '../../core/api';
import type { TaskFacts } from '../../core/run-state';
import type { Command } from '../../ui/keys/keymap';
import { STEP } from '../gantt/zoom';
import { keysOfPriority, PRIORITIES, TASK_KEYS, type Acting } from './acting';
import type { RunPage } from './run-page.svelte';
import { say } from '../words';

/** The commands of the page; `openMenu` shows the menu of the selected task. */
export function commandsOf(page: RunPage, acting: Acting, openMenu: () => void): Command[] {
  return [...ofRun(page, acting), ...ofTask(page, acting, openMenu), ...looking(page), ...inChart(page)];
}

function ofRun(page: RunPage, acting: Acting): Command[] {
  const group = say('keys.run');
  const can = (act: 'cancel' | 'pause' | 'resume') => () => acting.runActs().includes(act);
  /** A run that was opened from a file belongs to another site. */
  const isHere = () => page.stored === null;
  return [
    { id: 'run.cancel', label: say('act.cancel'), group, keys: 'Shift+C', when: can('cancel'), run: () => void acting.actOnRun('cancel') },
    { id: 'run.pause', label: say('act.pause'), group, keys: 'Shift+P', when: can('pause'), run: () => void acting.actOnRun('pause') },
    { id: 'run.resume', label: say('act.resume'), group, keys: 'Shift+R', when: can('resume'), run: () => void acting.actOnRun('resume') },
    { id: 'run.rerun', label: say('rerun.do'), group, keys: 'R', when: isHere, run: () => page.runAgain() },
    { id: 'run.compare', label: say('compare.do'), group, keys: 'D', when: isHere, run: () => document.querySelector<HTMLElement>('[data-compare]')?.click() },
  ];
}

function ofTask(page: RunPage, acting: Acting, openMenu: () => void): Command[] {
  const group = say('keys.task');
  const selected = (): TaskFacts | null => (page.selected === null ? null : page.facts(page.selected));
  const may = (can: (task: TaskFacts) => boolean): boolean => ((task) => task !== null && can(task))(selected());
  const acts = (Object.keys(TASK_KEYS) as TaskAct[]).map((act): Command => ({
    id: `task.${act}`,
    label: say(`act.${act}`),
    group,
    keys: TASK_KEYS[act],
    when: () => may((task) => acting.taskActs(task).includes(act)),
    run: () => void acting.actOnTask(selected()!, act),
  }));
  const priorities = PRIORITIES.map((priority): Command => ({
    id: `task.priority.${priority}`,
    label: say('act.priority', { priority }),
    group,
    keys: keysOfPriority(priority),
    when: () => may((task) => acting.canPrioritise(task)),
    run: () => void acting.prioritise(selected()!, priority),
  }));
  const menu: Command = { id: 'task.menu', label: say('keys.menu'), group, keys: ['Shift+F10', 'ContextMenu'], when: () => selected() !== null, inPalette: false, run: openMenu };
  return [...acts, ...priorities, menu];
}

function looking(page: RunPage): Command[] {
  const group = say('keys.look');
  return [
    { id: 'view.follow', label: say('follow'), group, keys: 'F', run: () => page.setFollows(!page.follows) },
    { id: 'view.now', label: say('time.now'), group, keys: 'L', when: () => page.watching.playhead !== null, run: () => page.goTo(null) },
    { id: 'view.gantt', label: say('tab.gantt'), group, keys: 'Alt+1', run: () => page.showTab('gantt') },
    { id: 'view.log', label: say('tab.log'), group, keys: 'Alt+2', run: () => page.showTab('log') },
    { id: 'view.events', label: say('tab.events'), group, keys: 'Alt+3', run: () => page.showTab('events') },
    { id: 'view.keys', label: say('keys.all'), group, keys: '?', run: () => void (page.dialog = 'keys') },
  ];
}

function inChart(page: RunPage): Command[] {
  const group = say('keys.chart');
  const inside = { group, scope: 'gantt', inPalette: false } as const;
  return [
    { ...inside, id: 'gantt.in', label: say('gantt.zoomIn'), keys: ['+', '='], run: () => page.chart?.zoomBy(STEP) },
    { ...inside, id: 'gantt.out', label: say('gantt.zoomOut'), keys: '-', run: () => page.chart?.zoomBy(1 / STEP) },
    { ...inside, id: 'gantt.fit', label: say('gantt.fit'), keys: '0', run: () => page.chart?.fit() },
  ];
}
