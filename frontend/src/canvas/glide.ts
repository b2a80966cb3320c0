/** Moves the view to another one, at once or in a moment. */

import type { Stage } from './stage';
import type { View } from './view';

const GLIDE_MS = 260;
const prefersStill = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

export class Glide {
  readonly #stage: Pick<Stage, 'view' | 'setView'>;
  readonly #isStill: () => boolean;
  #frame = 0;

  constructor(stage: Pick<Stage, 'view' | 'setView'>, isStill = prefersStill) {
    this.#stage = stage;
    this.#isStill = isStill;
  }

  /** The last call counts: it ends a glide that is under way. */
  go(view: View, animated: boolean): void {
    this.stop();
    if (animated && !this.#isStill()) this.#glide(this.#stage.view, view);
    else this.#stage.setView(view);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
  }

  #glide(from: View, to: View): void {
    let begun: number | null = null;
    const step = (now: number) => {
      begun ??= now;
      const t = Math.min(1, (now - begun) / GLIDE_MS);
      this.#stage.setView(viewBetween(from, to, t));
      if (t < 1) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }
}

/** Return the view on the way at `t`, from 0 to 1: slow at both ends. */
export function viewBetween(from: View, to: View, t: number): View {
  if (t >= 1) return to;
  const part = t < 0.5 ? 4 * t ** 3 : 1 - 4 * (1 - t) ** 3;
  const mix = (a: number, b: number) => a + (b - a) * part;
  return { x: mix(from.x, to.x), y: mix(from.y, to.y), zoom: mix(from.zoom, to.zoom) };
}
