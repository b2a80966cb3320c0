/** What was not saved when a page went away, kept in this browser alone. */

import { documentText, parseDocument, type TreeDocument } from '../model/document';

/** A document that was not saved. */
export interface Kept {
  readonly document: TreeDocument;
  /** The version that it was made from; null for a tree that was never saved. */
  readonly version: number | null;
  readonly at: number;
}

/** The newest of these are kept; each is at most as large as a document may be. */
const KEPT_MS = 14 * 24 * 3600 * 1000;

export class Recovery {
  private readonly key: string;

  constructor(
    user: string,
    treeId: string | null,
    private readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>,
    private readonly now: () => number = Date.now,
  ) {
    this.key = `apflow.unsaved.${user}.${treeId ?? 'new'}`;
  }

  /** Keep a document. A storage that is full or forbidden is no reason to disturb anybody. */
  keep(document: TreeDocument, version: number | null): void {
    try {
      this.storage.setItem(this.key, JSON.stringify({ text: documentText(document), version, at: this.now() }));
    } catch {
      this.forget();
    }
  }

  forget(): void {
    try {
      this.storage.removeItem(this.key);
    } catch {
      // Then there is nothing that could be found again.
    }
  }

  /** Return what was kept, if it is not too old. */
  find(): Kept | null {
    try {
      const { text, version, at } = JSON.parse(this.storage.getItem(this.key) ?? 'null') ?? {};
      if (typeof text !== 'string' || typeof at !== 'number' || this.now() - at > KEPT_MS) return null;
      const opened = parseDocument(text, '');
      return 'document' in opened ? { document: opened.document, version: typeof version === 'number' ? version : null, at } : null;
    } catch {
      return null;
    }
  }
}
