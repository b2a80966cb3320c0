/** The way back up: tries the better ways from time to time, while a lower one goes on working. */

import type { Connection } from './connection';
import type { Environment, Timer } from './environment';
import type { Ladder } from './ladder';
import type { Way } from './line';

export class Return {
  private timer: Timer = null;
  private attempt: Connection | null = null;
  private untried: Way[] = [];

  constructor(
    private readonly environment: Environment,
    private readonly ladder: Ladder,
    private readonly open: (way: Way) => Connection,
  ) {}

  /** Plan the next try, unless one is planned or going on. */
  plan(): void {
    if (this.timer !== null || this.attempt || this.ladder.better.length === 0) return;
    this.timer = this.environment.setTimeout(() => this.begin(), this.ladder.nextReturn());
  }

  /** Tell whether this is the connection that is being tried. */
  owns(connection: Connection): boolean {
    return connection === this.attempt;
  }

  /** The connection that was tried brought no frame. */
  failed(): void {
    this.attempt = null;
    this.tryNext();
  }

  /** Stop trying. A connection that was taken over lives on. */
  cancel(taken?: Connection): void {
    this.environment.clearTimeout(this.timer);
    if (this.attempt !== taken) this.attempt?.close();
    this.timer = this.attempt = null;
    this.untried = [];
  }

  private begin(): void {
    this.timer = null;
    this.untried = [...this.ladder.better];
    this.tryNext();
  }

  private tryNext(): void {
    const way = this.untried.shift();
    if (way) this.attempt = this.open(way);
    else this.plan();
  }
}
