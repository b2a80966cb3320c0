/** What the keyboard does on the page of a run. */

import type { Command } from '../../ui/keys/keymap';
import type { Acting } from './acting';
import type { RunPage } from './run-page.svelte';
import { say } from '../words';

/** The commands of the page. */
export function commandsOf(page: RunPage, acting: Acting): Command[] {
  const run = say('keys.run');
  const look = say('keys.look');
  const can = (act: 'cancel' | 'pause' | 'resume') => () => acting.runActs().includes(act);
  return [
    { id: 'run.cancel', label: say('act.cancel'), group: run, keys: 'Shift+C', when: can('cancel'), run: () => void acting.actOnRun('cancel') },
    { id: 'run.pause', label: say('act.pause'), group: run, keys: 'Shift+P', when: can('pause'), run: () => void acting.actOnRun('pause') },
    { id: 'run.resume', label: say('act.resume'), group: run, keys: 'Shift+R', when: can('resume'), run: () => void acting.actOnRun('resume') },
    { id: 'run.rerun', label: say('rerun.do'), group: run, keys: 'R', run: () => page.runAgain() },
    { id: 'run.compare', label: say('compare.do'), group: run, keys: 'D', run: () => document.querySelector<HTMLElement>('[data-compare]')?.click() },
    { id: 'view.now', label: say('time.now'), group: look, keys: 'L', when: () => page.watching.playhead !== null, run: () => page.watching.goTo(null) },
    { id: 'view.gantt', label: say('tab.gantt'), group: look, keys: 'Alt+1', run: () => void (page.bottom = 'gantt') },
    { id: 'view.log', label: say('tab.log'), group: look, keys: 'Alt+2', run: () => void (page.bottom = 'log') },
    { id: 'view.events', label: say('tab.events'), group: look, keys: 'Alt+3', run: () => void (page.bottom = 'events') },
  ];
}
