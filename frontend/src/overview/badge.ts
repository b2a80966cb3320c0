/** The badge at the head of the page: what is so of the stream. */

import { REASON_WORDS, STATE_WORDS, WAY_WORDS, type StreamState } from '../core/live';

const LOST: ReadonlySet<string> = new Set(['reconnecting', 'offline', 'refused']);

/** Show how the stream is. */
export function badge({ state, reason, way }: StreamState): void {
  const element = document.querySelector<HTMLElement>('[data-live]');
  if (!element) return;
  element.textContent = STATE_WORDS[state];
  element.classList.toggle('live-lost', LOST.has(state));
  element.title = (LOST.has(state) && reason !== null ? REASON_WORDS[reason] : way && WAY_WORDS[way]) || '';
}
