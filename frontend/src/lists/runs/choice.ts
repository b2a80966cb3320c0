/** Which rows of a list are chosen. Plain, so that a list of any kind can use it. */

export class Choice {
  private readonly ids = new Set<string>();
  private anchor: string | null = null;

  get all(): readonly string[] {
    return [...this.ids];
  }

  has(id: string): boolean {
    return this.ids.has(id);
  }

  /** Choose one or not. */
  set(id: string, isChosen: boolean): void {
    if (isChosen) this.ids.add(id);
    else this.ids.delete(id);
    this.anchor = id;
  }

  /** Do the same with every row between the last one and this one; without a last one, with this one alone. */
  setRange(id: string, isChosen: boolean, order: readonly string[]): void {
    const start = this.anchor !== null && order.includes(this.anchor) ? this.anchor : id;
    const [from, to] = [order.indexOf(start), order.indexOf(id)].sort((a, b) => a - b) as [number, number];
    for (const between of order.slice(from, to + 1)) {
      if (isChosen) this.ids.add(between);
      else this.ids.delete(between);
    }
    this.anchor = id;
  }

  setAll(order: readonly string[]): void {
    for (const id of order) this.ids.add(id);
  }

  clear(): void {
    this.ids.clear();
    this.anchor = null;
  }
}
