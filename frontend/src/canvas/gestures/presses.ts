/** From pointer events to clicks and gestures. */

import { edgeAt, nodeAt } from '../hits';
import { panFor } from './auto-pan';
import { BoxSelect } from './box-select';
import { Connect } from './connect';
import { EDGE_REACH, isFar, isTool, type Gesture, type Pointer, type Workbench } from './gesture';
import { MoveNodes } from './move-nodes';

interface Press {
  readonly pointer: Pointer;
  readonly id: number;
  readonly begin: () => Gesture | null;
  readonly click: (event: PointerEvent) => void;
}

export class Presses {
  readonly #bench: Workbench;
  readonly #element: HTMLElement;
  readonly #mayPress: () => boolean;
  #press: Press | null = null;
  #gesture: Gesture | null = null;
  #last: Pointer | null = null;
  #frame = 0;

  /** `mayPress` is false while the pointer pans. */
  constructor(bench: Workbench, element: HTMLElement, mayPress: () => boolean) {
    this.#bench = bench;
    this.#element = element;
    this.#mayPress = mayPress;
  }

  get isDragging(): boolean {
    return this.#gesture !== null;
  }

  down(event: PointerEvent): void {
    if (event.button !== 0 || !event.isPrimary || this.#press || !this.#mayPress() || isTool(event)) return;
    const pointer = this.pointerOf(event);
    this.#press = { pointer, id: event.pointerId, ...this.#choose(event, pointer) };
  }

  move(event: PointerEvent): void {
    if (!this.#press || event.pointerId !== this.#press.id) return;
    const pointer = this.pointerOf(event);
    if (!this.#gesture && isFar(this.#press.pointer, pointer)) this.#begin(event);
    this.#follow(pointer);
  }

  up(event: PointerEvent): void {
    if (!this.#press || event.pointerId !== this.#press.id) return;
    const press = this.#press;
    const gesture = this.#stop();
    if (gesture) gesture.end(this.pointerOf(event));
    else if (!isFar(press.pointer, this.pointerOf(event))) press.click(event);
  }

  /** Give up what is being dragged; tells whether anything was. */
  cancel(): boolean {
    const gesture = this.#stop();
    gesture?.cancel();
    return gesture !== null;
  }

  pointerOf(event: MouseEvent): Pointer {
    const { left, top } = this.#element.getBoundingClientRect();
    const { clientX, clientY, shiftKey, altKey } = event;
    const at = this.#bench.stage.sceneAt(clientX, clientY, { x: left, y: top });
    return { at, on: { x: clientX - left, y: clientY - top }, clientX, clientY, shift: shiftKey, alt: altKey };
  }

  #choose(event: PointerEvent, pointer: Pointer): Pick<Press, 'begin' | 'click'> {
    const nothing = () => null;
    const toggled = attributeOf(event.target, 'data-toggle');
    if (toggled !== null) return { begin: nothing, click: () => this.#bench.on.toggleGroup?.(toggled) };
    const id = nodeAt(this.#bench.stage.scene.shape, pointer.at);
    // A finger pans: it only clicks.
    if (event.pointerType === 'touch') return { begin: nothing, click: (up) => this.#click(id, up) };
    const side = attributeOf(event.target, 'data-handle');
    const owner = attributeOf(event.target, 'data-id');
    if (this.#bench.mode === 'edit' && owner !== null && (side === 'input' || side === 'output')) {
      return { begin: () => new Connect(this.#bench, owner, side), click: (up) => this.#click(owner, up) };
    }
    return { begin: () => this.#drag(id, pointer), click: (up) => this.#click(id, up) };
  }

  #drag(id: string | null, pointer: Pointer): Gesture | null {
    if (id === null) return new BoxSelect(this.#bench, pointer);
    if (this.#bench.mode === 'view') return null;
    const { selected } = this.#bench.stage.scene;
    if (!selected.has(id)) this.#bench.on.select?.(pointer.shift ? [...selected, id] : [id]);
    return new MoveNodes(this.#bench, pointer, id);
  }

  #click(id: string | null, event: PointerEvent): void {
    const { stage, on } = this.#bench;
    if (id !== null) {
      on.select?.(event.shiftKey || event.ctrlKey || event.metaKey ? toggle(stage.scene.selected, id) : [id]);
      return;
    }
    const edge = edgeAt(stage.scene.shape, this.pointerOf(event).at, EDGE_REACH / stage.view.zoom);
    if (edge) on.edgeClick?.(edge.members[0], event);
    else if (!event.shiftKey) on.select?.([]);
  }

  #begin(event: PointerEvent): void {
    this.#gesture = this.#press?.begin() ?? null;
    if (!this.#gesture) return;
    this.#element.setPointerCapture(event.pointerId);
    this.#frame = requestAnimationFrame(() => this.#pan());
  }

  #follow(pointer: Pointer): void {
    this.#last = pointer;
    this.#gesture?.move(pointer);
  }

  #pan(): void {
    if (!this.#gesture || !this.#last || !this.#press) return;
    const { stage } = this.#bench;
    const by = panFor(this.#press.pointer.on, this.#last.on, stage.size);
    if (by) {
      stage.pilot({ ...stage.view, x: stage.view.x + by.x, y: stage.view.y + by.y }, false);
      const { left, top } = this.#element.getBoundingClientRect();
      this.#follow({ ...this.#last, at: stage.sceneAt(this.#last.clientX, this.#last.clientY, { x: left, y: top }) });
    }
    this.#frame = requestAnimationFrame(() => this.#pan());
  }

  #stop(): Gesture | null {
    cancelAnimationFrame(this.#frame);
    const gesture = this.#gesture;
    [this.#gesture, this.#press, this.#last] = [null, null, null];
    return gesture;
  }
}

function toggle(selected: ReadonlySet<string>, id: string): string[] {
  return selected.has(id) ? [...selected].filter((other) => other !== id) : [...selected, id];
}

function attributeOf(target: EventTarget | null, name: string): string | null {
  return target instanceof Element ? (target.closest(`[${name}]`)?.getAttribute(name) ?? null) : null;
}
