/** A flat list of items as a tree: who is below whom, and what is shown of it. */

export interface TreeItem {
  readonly id: string;
  /** Null at the top level; what names an item that is not there counts as top level too. */
  readonly parentId: string | null;
  readonly name: string;
}

/** One line of the outline. */
export interface Row<T extends TreeItem> {
  readonly item: T;
  /** 1 at the top. */
  readonly level: number;
  /** 1-based place among its siblings, and how many they are. */
  readonly position: number;
  readonly siblings: number;
  /** Null for what has nothing below it. */
  readonly isExpanded: boolean | null;
}

/** Items by id, and the children of each in their order. */
export class Tree<T extends TreeItem> {
  private readonly byId = new Map<string, T>();
  private readonly below = new Map<string | null, T[]>();

  constructor(readonly items: readonly T[]) {
    for (const item of items) this.byId.set(item.id, item);
    for (const item of items) {
      const parent = this.parentOf(item);
      const known = this.below.get(parent);
      if (known) known.push(item);
      else this.below.set(parent, [item]);
    }
  }

  get(id: string): T | undefined {
    return this.byId.get(id);
  }

  childrenOf(id: string | null): readonly T[] {
    return this.below.get(id) ?? [];
  }

  /** The parent's id, when there is such an item. */
  parentOf(item: T): string | null {
    return item.parentId !== null && item.parentId !== item.id && this.byId.has(item.parentId) ? item.parentId : null;
  }

  /** The ids from the parent up to the top. */
  ancestorsOf(id: string): string[] {
    const found: string[] = [];
    for (let item = this.byId.get(id); item; item = this.byId.get(found.at(-1)!)) {
      const parent = this.parentOf(item);
      if (parent === null || found.includes(parent)) break;
      found.push(parent);
    }
    return found;
  }

  /** Of some ids, those that are not below another of them, in the order in which they stand. */
  topmost(ids: ReadonlySet<string>): string[] {
    const chosen = this.items.filter(({ id }) => ids.has(id));
    return chosen.filter(({ id }) => !this.ancestorsOf(id).some((above) => ids.has(above))).map(({ id }) => id);
  }

  /** What is shown while some items are collapsed, from top to bottom. */
  rows(collapsed: ReadonlySet<string>): Row<T>[] {
    const rows: Row<T>[] = [];
    const add = (parent: string | null, level: number): void => {
      const siblings = this.childrenOf(parent);
      siblings.forEach((item, index) => {
        const hasChildren = this.below.has(item.id);
        const isExpanded = hasChildren ? !collapsed.has(item.id) : null;
        rows.push({ item, level, position: index + 1, siblings: siblings.length, isExpanded });
        if (isExpanded) add(item.id, level + 1);
      });
    };
    add(null, 1);
    return rows;
  }
}
