/** A notification of the browser when the run ends, for who has asked for it. */

import { RUN_WORDS, type RunFacts } from '../../core/run-state';
import { announce } from '../../ui/overlays/announce.svelte';
import { toast } from '../../ui/overlays/toasts.svelte';
import { say } from '../words';
import { isOn, keep } from './keeping';

export class Notices {
  /** This browser can show some, and nobody has forbidden them for good. */
  readonly isPossible = 'Notification' in globalThis;
  isWanted = $state(isOn('notify'));

  /** Ask for one, or no longer. The browser is asked only here, after a press. */
  async toggle(): Promise<void> {
    if (this.isWanted) return this.set(false);
    const answer = Notification.permission === 'default' ? await Notification.requestPermission() : Notification.permission;
    this.set(answer === 'granted');
    if (!this.isWanted) toast(say('notice.refused'), { tone: 'warning', hint: say('notice.refusedHint') });
  }

  /** The run has ended while it was watched. */
  ended(run: RunFacts): void {
    const title = `${RUN_WORDS[run.shown]}: ${run.treeName}`;
    announce(title, 'end');
    if (!this.isPossible || !this.isWanted || Notification.permission !== 'granted') return;
    const notice = new Notification(title, { body: run.error ?? run.cancelReason, tag: run.id });
    notice.onclick = () => window.focus();
  }

  private set(on: boolean): void {
    this.isWanted = on;
    keep('notify', on);
  }
}
