/** Tooltips: `{@attach tooltip('What it is', 'Mod+S')}`. Shown on hover after a moment, on keyboard focus at once, hidden by Esc. */

import type { Attachment } from 'svelte/attachments';

const DELAY_MS = 450;
/** After one was shown, the next comes at once for this long. */
const WARM_MS = 400;

class Tip {
  target = $state<Element | null>(null);
  text = $state('');
  keys = $state<string | undefined>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private hiddenAt = -Infinity;

  show(target: Element, text: string, keys: string | undefined, now: boolean): void {
    clearTimeout(this.timer);
    const isWarm = performance.now() - this.hiddenAt < WARM_MS;
    this.timer = setTimeout(() => Object.assign(this, { target, text, keys }), now || isWarm ? 0 : DELAY_MS);
  }

  hide(): void {
    clearTimeout(this.timer);
    if (this.target === null) return;
    this.target = null;
    this.hiddenAt = performance.now();
  }

  /** Hide in a moment, unless the pointer comes to the tooltip itself. */
  hideSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hide(), 120);
  }

  stay(): void {
    clearTimeout(this.timer);
  }
}

/** The one tooltip that may be shown; `Overlays` draws it. */
export const tip = new Tip();

/**
 * Give an element a tooltip; null is none.
 *
 * It is the element's description as well, but for `sighted`, where the element says the same itself, and where it is its name.
 */
export function tooltip(text: string | null, keys?: string, audience: 'all' | 'sighted' = 'all'): Attachment {
  return (element) => {
    if (text === null) return;
    const isName = element.getAttribute('aria-label') === text;
    if (audience === 'all' && !isName) element.setAttribute('aria-description', text);
    const enter = (event: Event) => (event as PointerEvent).pointerType !== 'touch' && tip.show(element, text, keys, false);
    const focus = () => element.matches(':focus-visible') && tip.show(element, text, keys, true);
    const leave = () => tip.hideSoon();
    const hide = () => tip.hide();
    const listeners = { pointerenter: enter, pointerleave: leave, focus, blur: hide, pointerdown: hide, keydown: hide };
    for (const [name, listener] of Object.entries(listeners)) element.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of Object.entries(listeners)) element.removeEventListener(name, listener);
      if (tip.target === element) tip.hide();
    };
  };
}
