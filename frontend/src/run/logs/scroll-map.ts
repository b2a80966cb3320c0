/**
 * Browsers draw elements of some 16 million pixels at most, and a log may be taller. The scroll bar stands for all of it: a long
 * way along the bar goes there in proportion, a short one moves pixel by pixel. Where the two have come apart, `settle` brings the
 * bar back to where it belongs once nobody scrolls.
 */

/** Pixels that a scrolled element may have. */
export const TALLEST = 5_000_000;

export class ScrollMap {
  /** Pixels of the whole log. */
  height = 0;
  /** Pixels of what is seen of it. */
  view = 0;
  /** What is seen begins here. */
  top = 0;
  /** Where the bar is. */
  private bar = 0;

  /** Pixels of the element that is scrolled. */
  get tall(): number {
    return Math.min(this.height, TALLEST);
  }

  get furthest(): number {
    return Math.max(this.height - this.view, 0);
  }

  /** What is at a pixel of the log is drawn that much further down in the element. */
  get shift(): number {
    return this.bar - this.top;
  }

  /** The bar was moved: by dragging it, or by what moves the text (wheel, touch, keys). Returns whether it stands where it can't stay. */
  move(bar: number, isDragged: boolean): boolean {
    const step = bar - this.bar;
    const room = this.tall - this.view;
    const isJump = isDragged || Math.abs(step) > this.view * 1.5;
    if (this.tall === this.height && this.shift === 0) this.top = clamp(bar, this.furthest);
    else if (isJump) this.top = Math.round(clamp(bar / Math.max(room, 1), 1) * this.furthest);
    else this.top = clamp(this.top + step, this.furthest);
    this.bar = bar;
    const isAtWall = bar <= 0 || bar >= room - 1;
    return isAtWall && this.top > 0 && this.top < this.furthest;
  }

  /** Look at another place, without touching the bar. */
  goTo(top: number): void {
    this.top = Math.round(clamp(top, this.furthest));
  }

  /** Where the bar belongs; it has to be put there. */
  settle(): number {
    const room = this.tall - this.view;
    this.bar = this.tall === this.height ? this.top : Math.round((this.top / Math.max(this.furthest, 1)) * room);
    return this.bar;
  }

  /** The bar is here; browsers round. */
  took(bar: number): void {
    this.bar = bar;
  }
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}
