/** What was used last, kept in this browser. */

export type Store = Pick<Storage, 'getItem' | 'setItem'>;

/** The ids that were used last, the newest first. */
export class Recent {
  constructor(
    private readonly name: string,
    private readonly limit = 5,
    private readonly store: () => Store = () => localStorage,
  ) {}

  get ids(): string[] {
    try {
      const kept: unknown = JSON.parse(this.store().getItem(this.key) ?? '[]');
      return Array.isArray(kept) ? kept.filter((id) => typeof id === 'string').slice(0, this.limit) : [];
    } catch {
      // Storage is switched off, or holds something else under this name.
      return [];
    }
  }

  add(id: string): void {
    const ids = [id, ...this.ids.filter((other) => other !== id)].slice(0, this.limit);
    try {
      this.store().setItem(this.key, JSON.stringify(ids));
    } catch {
      // Then it is forgotten with the page.
    }
  }

  private get key(): string {
    return `recent:${this.name}`;
  }
}
