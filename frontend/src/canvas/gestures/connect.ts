/** Draws an edge from a handle to another node, and says on the way why it would be refused. */

import { curve, inputOf, outputOf, type Curve } from '../curves';
import type { HandleSide } from '../events';
import type { Point } from '../geometry';
import { nodeAt } from '../hits';
import type { Gesture, Pointer, Workbench } from './gesture';

interface Ends {
  readonly source: string;
  readonly target: string;
}

export class Connect implements Gesture {
  readonly #bench: Workbench;
  readonly #node: string;
  readonly #from: HandleSide;
  readonly #self: ReadonlySet<string>;

  constructor(bench: Workbench, node: string, from: HandleSide) {
    this.#bench = bench;
    this.#node = node;
    this.#from = from;
    this.#self = new Set([node]);
  }

  move({ at }: Pointer): void {
    const { overlay, stage } = this.#bench;
    const other = this.#other(at);
    const refusal = other === null ? null : this.#refusal(other);
    const accepted = other !== null && refusal === null;
    overlay.line = { curve: this.#curveTo(accepted ? this.#handleOf(other, OPPOSITE[this.#from]) : at), accepted, refusal };
    stage.scene.markDropTarget(accepted ? other : null);
  }

  end({ at, clientX, clientY }: Pointer): void {
    const { on } = this.#bench;
    const other = this.#other(at);
    this.cancel();
    if (other === null) {
      on.connectToEmpty?.({ node: this.#node, from: this.#from, ...at, clientX, clientY });
      return;
    }
    const refusal = this.#refusal(other);
    const { source, target } = this.#ends(other);
    if (refusal === null) on.connect?.(source, target);
    else on.refuse?.(refusal);
  }

  cancel(): void {
    this.#bench.overlay.line = null;
    this.#bench.stage.scene.markDropTarget(null);
  }

  #other(at: Point): string | null {
    return nodeAt(this.#bench.stage.scene.shape, at, this.#self);
  }

  #refusal(other: string): string | null {
    const { source, target } = this.#ends(other);
    return this.#bench.mayConnect?.(source, target) ?? null;
  }

  #ends(other: string): Ends {
    return this.#from === 'output' ? { source: this.#node, target: other } : { source: other, target: this.#node };
  }

  #handleOf(id: string, side: HandleSide): Point {
    const box = this.#bench.stage.boxOf(id)!;
    return side === 'input' ? inputOf(box) : outputOf(box);
  }

  #curveTo(end: Point): Curve {
    const start = this.#handleOf(this.#node, this.#from);
    return this.#from === 'output' ? curve(start, end) : curve(end, start);
  }
}

const OPPOSITE: Readonly<Record<HandleSide, HandleSide>> = { input: 'output', output: 'input' };
