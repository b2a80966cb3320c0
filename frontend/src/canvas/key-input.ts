/** Listens to the keys of one canvas. */

import { isTool, type Workbench } from './gestures/gesture';
import { pressKey, toggleGroup } from './keyboard';
import type { Travel } from './travel';
import { toScreen } from './view';

export interface KeyBench extends Workbench {
  readonly travel: Travel;
  focus(id: string): void;
  rename(id: string): void;
}

export class KeyInput {
  readonly #bench: KeyBench;
  readonly #element: HTMLElement;
  readonly #cancelDrag: () => boolean;
  /** While Space is down, the pointer pans; only a Space in which nothing was dragged is a key of its own. */
  #space: 'up' | 'down' | 'used' = 'up';

  constructor(bench: KeyBench, element: HTMLElement, signal: AbortSignal, cancelDrag: () => boolean) {
    this.#bench = bench;
    this.#element = element;
    this.#cancelDrag = cancelDrag;
    element.addEventListener('keydown', (event) => this.#down(event), { signal });
    element.addEventListener('keyup', (event) => this.#up(event), { signal });
    element.addEventListener('focusin', (event) => this.#stand(event), { signal });
    addEventListener('blur', () => this.#setSpace('up'), { signal });
  }

  get isSpaceDown(): boolean {
    return this.#space !== 'up';
  }

  /** Something was pressed with the pointer. */
  useSpace(): void {
    if (this.#space === 'down') this.#setSpace('used');
  }

  #down(event: KeyboardEvent): void {
    if (isTool(event)) return;
    if (event.key === ' ') {
      if (this.#space === 'up') this.#setSpace('down');
      event.preventDefault();
      return;
    }
    const { stage, travel, mode, on, focus, rename } = this.#bench;
    const openMenu = () => this.#openMenu();
    if (pressKey(event, { stage, travel, mode, on, focus, rename, openMenu, cancelDrag: this.#cancelDrag })) event.preventDefault();
    else on.key?.(event);
  }

  #up(event: KeyboardEvent): void {
    if (event.key !== ' ') return;
    const wasShort = this.#space === 'down';
    this.#setSpace('up');
    if (wasShort) toggleGroup(this.#bench);
  }

  #setSpace(space: 'up' | 'down' | 'used'): void {
    this.#space = space;
    this.#bench.overlay.isReady = space !== 'up';
  }

  #openMenu(): void {
    const { stage, on } = this.#bench;
    const { current } = stage.scene;
    const box = current === null ? undefined : stage.boxOf(current);
    if (!box) return;
    const { left, top } = this.#element.getBoundingClientRect();
    const corner = toScreen(stage.view, box);
    on.contextMenu?.({ node: current, edge: null, x: box.x, y: box.y, clientX: left + corner.x + 8, clientY: top + corner.y + 8 });
  }

  /** The keyboard stands where the page's focus is. */
  #stand(event: FocusEvent): void {
    const id = event.target instanceof Element ? event.target.getAttribute('data-card') : null;
    if (id !== null) this.#bench.stage.scene.stand(id);
  }
}
