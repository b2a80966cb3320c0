/** Listens to pointer, wheel and drops of one canvas. */

import { edgeAt, nodeAt } from './hits';
import { Drops } from './gestures/drops';
import { EDGE_REACH, isTool } from './gestures/gesture';
import { Grip } from './gestures/grip';
import { Hover } from './gestures/hover';
import { Presses } from './gestures/presses';
import { wheeledView } from './gestures/wheel';
import { KeyInput, type KeyBench } from './key-input';

export interface InputBench extends KeyBench {
  readonly dropType: string;
}

const IS_MAC = /Mac/.test(navigator.userAgent);

export class CanvasInput {
  readonly #bench: InputBench;
  readonly #element: HTMLElement;
  readonly #keys: KeyInput;
  readonly #presses: Presses;
  readonly #grip: Grip;
  readonly #hover: Hover;
  readonly #drops: Drops;
  readonly #closing = new AbortController();

  constructor(bench: InputBench, element: HTMLElement) {
    this.#bench = bench;
    this.#element = element;
    this.#keys = new KeyInput(bench, element, this.#closing.signal, () => this.#presses.cancel());
    this.#presses = new Presses(bench, element, () => !this.#keys.isSpaceDown);
    this.#grip = new Grip(bench, element, {
      isSpaceDown: () => this.#keys.isSpaceDown,
      begin: () => this.#presses.cancel(),
      pointerOf: (event) => this.#presses.pointerOf(event),
    });
    this.#hover = new Hover(bench);
    this.#drops = new Drops(bench, bench.dropType);
    this.#listenToPointer();
    this.#listenToDrops();
  }

  close(): void {
    this.#presses.cancel();
    this.#hover.leave();
    this.#closing.abort();
  }

  #on<Name extends keyof HTMLElementEventMap>(name: Name, act: (event: HTMLElementEventMap[Name]) => void): void {
    this.#element.addEventListener(name, act, { signal: this.#closing.signal, passive: false });
  }

  #listenToPointer(): void {
    this.#on('pointerdown', (event) => this.#down(event));
    this.#on('pointermove', (event) => this.#move(event));
    this.#on('pointerup', (event) => this.#up(event));
    this.#on('pointercancel', (event) => this.#lose(event));
    this.#on('pointerleave', () => this.#hover.leave());
    this.#on('wheel', (event) => this.#turn(event));
    this.#on('mousedown', (event) => event.button === 1 && event.preventDefault()); // else some systems begin to scroll
    this.#on('dblclick', (event) => this.#open(event));
    this.#on('contextmenu', (event) => this.#menu(event));
  }

  #down(event: PointerEvent): void {
    this.#keys.useSpace();
    this.#presses.down(event);
    this.#grip.down(event);
  }

  #move(event: PointerEvent): void {
    this.#presses.move(event);
    this.#grip.move(event);
    if (event.buttons || isTool(event)) return;
    this.#hover.move(this.#presses.pointerOf(event));
  }

  #up(event: PointerEvent): void {
    this.#presses.up(event);
    this.#grip.up(event);
  }

  #lose(event: PointerEvent): void {
    this.#presses.cancel();
    this.#grip.up(event);
  }

  /** Wherever on the canvas it is turned, the page itself neither scrolls nor zooms. */
  #turn(event: WheelEvent): void {
    event.preventDefault();
    const { stage } = this.#bench;
    stage.pilot(wheeledView(stage.view, event, this.#presses.pointerOf(event).on, IS_MAC), false);
  }

  #open(event: MouseEvent): void {
    const id = isTool(event) ? null : this.#nodeUnder(event);
    if (id !== null) this.#bench.on.open?.(id);
  }

  #nodeUnder(event: MouseEvent): string | null {
    return nodeAt(this.#bench.stage.scene.shape, this.#presses.pointerOf(event).at);
  }

  #menu(event: MouseEvent): void {
    if (!this.#bench.on.contextMenu || isTool(event)) return;
    event.preventDefault();
    const { at, clientX, clientY } = this.#presses.pointerOf(event);
    const node = this.#nodeUnder(event);
    const { stage, on } = this.#bench;
    const edge = node === null ? edgeAt(stage.scene.shape, at, EDGE_REACH / stage.view.zoom) : null;
    if (node !== null && !stage.scene.selected.has(node)) on.select?.([node]);
    on.contextMenu?.({ node, edge: edge?.members[0] ?? null, ...at, clientX, clientY });
  }

  #listenToDrops(): void {
    this.#on('dragover', (event) => {
      if (!this.#drops.over(event.dataTransfer, this.#presses.pointerOf(event))) return;
      event.preventDefault();
      event.dataTransfer!.dropEffect = 'copy';
    });
    this.#on('dragleave', () => this.#drops.leave());
    this.#on('drop', (event) => {
      if (this.#drops.drop(event.dataTransfer, this.#presses.pointerOf(event))) event.preventDefault();
    });
  }
}
