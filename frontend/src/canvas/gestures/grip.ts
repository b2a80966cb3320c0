/** Moves the view with what holds it: a finger, the middle button, or a button while Space is down. Two fingers zoom too. */

import { heldView, type Held } from '../held';
import { toScene } from '../view';
import { isFar, isTool, type Pointer, type Workbench } from './gesture';

export interface GripRules {
  /** Whether the pointer pans whatever is under it. */
  isSpaceDown(): boolean;
  /** The view begins to move: a press is no longer a click. */
  begin(): void;
  pointerOf(event: PointerEvent): Pointer;
}

interface Finger extends Held {
  readonly from: Pointer;
}

export class Grip {
  readonly #bench: Workbench;
  readonly #element: HTMLElement;
  readonly #rules: GripRules;
  readonly #fingers = new Map<number, Finger>();
  #isMoving = false;

  constructor(bench: Workbench, element: HTMLElement, rules: GripRules) {
    this.#bench = bench;
    this.#element = element;
    this.#rules = rules;
  }

  down(event: PointerEvent): void {
    if (isTool(event) || this.#fingers.size === 2 || !this.#holds(event)) return;
    const from = this.#rules.pointerOf(event);
    this.#fingers.set(event.pointerId, { from, scene: from.at, screen: from.on });
    const { stage } = this.#bench;
    stage.pilot(stage.view, false); // whatever was gliding stands still
    this.#grab();
    // A finger must be able to tap what is under it: it is followed elsewhere only once it moves.
    if (event.pointerType !== 'touch') this.#element.setPointerCapture(event.pointerId);
    if (this.#fingers.size === 2) this.#begin();
  }

  move(event: PointerEvent): void {
    const finger = this.#fingers.get(event.pointerId);
    if (!finger) return;
    const pointer = this.#rules.pointerOf(event);
    this.#fingers.set(event.pointerId, { ...finger, screen: pointer.on });
    if (!this.#isMoving && isFar(finger.from, pointer)) this.#begin();
    if (this.#isMoving) this.#bench.stage.pilot(heldView(this.#bench.stage.view.zoom, [...this.#fingers.values()]), false);
  }

  /** The pointer went up, or was taken away. */
  up(event: PointerEvent): void {
    if (!this.#fingers.delete(event.pointerId)) return;
    this.#grab();
    if (this.#fingers.size) return;
    this.#isMoving = false;
    this.#bench.overlay.isHeld = false;
  }

  #holds({ pointerType, button }: PointerEvent): boolean {
    return pointerType === 'touch' || button === 1 || (button === 0 && this.#rules.isSpaceDown());
  }

  /** Fingers come and go: from here on the view follows those that are there. */
  #grab(): void {
    const { view } = this.#bench.stage;
    for (const [id, finger] of this.#fingers) this.#fingers.set(id, { ...finger, scene: toScene(view, finger.screen) });
  }

  #begin(): void {
    this.#isMoving = true;
    this.#bench.overlay.isHeld = true;
    for (const id of this.#fingers.keys()) this.#element.setPointerCapture(id);
    this.#rules.begin();
  }
}
