/** The colours of the page's tokens, as a canvas needs them. */

import type { Palette } from './paint';

const TOKENS = {
  line: '--line', ink: '--ink', soft: '--ink-soft', accent: '--accent', accentSoft: '--accent-soft', pending: '--pending', running: '--in-progress',
  completed: '--completed', failed: '--failed', cancelled: '--line-strong', retrying: '--retrying', surface: '--surface',
} as const satisfies Record<keyof Palette, string>;

/** Read them where an element stands; they change with the theme. */
export function colours(element: Element): Palette {
  const style = getComputedStyle(element);
  return Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [name, style.getPropertyValue(token).trim()])) as unknown as Palette;
}
