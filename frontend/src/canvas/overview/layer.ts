/**
 * The canvas of the overview: larger than the view, so that it can follow the view by being shifted and stretched.
 *
 * Painting thousands of lines takes longer than a frame. While the view moves, the last picture moves along; it is painted
 * again when its border would show, when it was stretched too far, and when the view comes to rest.
 */

import { Frame, PacedFrame } from '../frames';
import { contains, padded, type Size } from '../geometry';
import type { Stage } from '../stage';
import { visibleBox, type View } from '../view';
import { onTheme, readColours, type Colours } from './colours';
import { paintOverview } from './overview';

/** How far it reaches beyond the view, in widths and heights of it. */
const AROUND = 0.3;
/** How much it may be stretched or shrunk before it looks wrong. */
const STRETCH = 1.4;

export class OverviewLayer {
  readonly #canvas: HTMLCanvasElement;
  readonly #stage: Stage;
  readonly #follow = new Frame(() => this.#moveAlong());
  readonly #carry = new Frame(() => this.#paint());
  readonly #repaint = new PacedFrame(() => this.#paint());
  readonly #stops: readonly (() => void)[];
  #colours: Colours;
  #painted: View | null = null;

  constructor(canvas: HTMLCanvasElement, stage: Stage) {
    this.#canvas = canvas;
    this.#stage = stage;
    this.#colours = readColours(canvas);
    this.#stops = [
      stage.on('view', () => this.#follow.ask()),
      stage.on('rest', () => this.#settle()),
      stage.on('picture', () => this.#repaint.ask()),
      stage.on('carried', () => (stage.handed === null ? this.#carry.ask() : this.#repaint.ask())),
      stage.on('handover', () => this.#paint()), // not a frame later than the cards
      onTheme(() => this.#takeColours()),
    ];
    this.#paint();
  }

  close(): void {
    this.#follow.cancel();
    this.#carry.cancel();
    this.#repaint.cancel();
    this.#stops.forEach((stop) => stop());
  }

  #takeColours(): void {
    this.#colours = readColours(this.#canvas);
    this.#repaint.ask();
  }

  /** The size of the picture, in CSS pixels. */
  get #size(): Size {
    const { width, height } = this.#stage.size;
    return { width: width * (1 + 2 * AROUND), height: height * (1 + 2 * AROUND) };
  }

  #paint(): void {
    const { view, size } = this.#stage;
    const shifted = { ...view, x: view.x + size.width * AROUND, y: view.y + size.height * AROUND };
    const isBlank = !paintOverview(this.#canvas, this.#stage, this.#colours, shifted, this.#size);
    this.#canvas.style.visibility = isBlank ? 'hidden' : 'visible';
    this.#painted = view;
    this.#place();
  }

  #moveAlong(): void {
    if (this.#stillServes()) this.#place();
    else this.#paint();
  }

  #stillServes(): boolean {
    const { view, size } = this.#stage;
    if (!this.#painted) return false;
    const stretch = view.zoom / this.#painted.zoom;
    if (stretch > STRETCH || stretch < 1 / STRETCH) return false;
    const painted = visibleBox(this.#painted, size);
    const reach = padded(painted, painted.width * AROUND, painted.height * AROUND);
    return contains(reach, visibleBox(view, size));
  }

  /** Put the picture where the view shows what it shows. */
  #place(): void {
    const { view, size } = this.#stage;
    const painted = this.#painted ?? view;
    const stretch = view.zoom / painted.zoom;
    const x = view.x - (painted.x + size.width * AROUND) * stretch;
    const y = view.y - (painted.y + size.height * AROUND) * stretch;
    this.#canvas.style.transform = `translate(${x}px, ${y}px) scale(${stretch})`;
  }

  #settle(): void {
    if (this.#painted?.zoom !== this.#stage.view.zoom) this.#paint();
  }
}
