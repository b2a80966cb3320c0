/** The tree as it is stored: loading, saving, and what happens when somebody else has saved meanwhile. */

import { ApiError, type Api, type Tree } from '../../core/api';
import { documentJSON, openDocument, type TreeDocument } from '../model/document';
import { isSame, diffDocuments } from '../model/diff';
import type { JSONValue } from '../model/json';
import type { Conflict } from '../model/merge';
import { replaceDocument } from '../model/commands';
import type { Catalogue } from './catalogue';
import type { Problems } from './problems.svelte';
import type { Session } from './session.svelte';

/** What a save came to. */
export type Saved =
  | { readonly kind: 'saved'; readonly version: number }
  /** Nothing had changed. */
  | { readonly kind: 'same' }
  | Merged
  /** The server did not take it, or could not be reached. */
  | { readonly kind: 'refused'; readonly error: ApiError };

/** Somebody else has saved; both are brought together in the session, and the conflicts want a decision. */
export interface Merged {
  readonly kind: 'merged';
  readonly conflicts: readonly Conflict[];
  readonly by: string;
}

export class Stored {
  /** Null while the tree has never been saved. */
  tree = $state.raw<Tree | null>(null);
  isSaving = $state(false);
  /** The document of the version that the session's edits began with. */
  private base: TreeDocument | null = null;

  constructor(
    private readonly api: Api,
    private readonly session: Session,
    private readonly problems: Problems,
    private readonly catalogue: Catalogue,
  ) {}

  get id(): string | null {
    return this.tree?.id ?? null;
  }

  get version(): number | null {
    return this.tree?.version ?? null;
  }

  /** Open a tree that the server has sent. */
  open(tree: Tree): void {
    const document = read(tree);
    this.take(tree, document);
    this.session.open(document, this.catalogue.known);
    this.session.isReadOnly = !tree.may.edit;
    this.problems.take(tree.problems, document);
  }

  /** Begin a tree that is not stored yet. */
  begin(document: TreeDocument): void {
    this.tree = null;
    this.base = null;
    this.session.open(document, this.catalogue.known);
    this.problems.check(document);
  }

  /** Store the document of now, problems and all: a draft may have them. */
  async save(message: string): Promise<Saved> {
    if (this.isSaving) return { kind: 'same' };
    if (this.tree && !this.session.isDirty) return { kind: 'same' };
    this.isSaving = true;
    try {
      return await this.sendOrMerge(message);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { kind: 'refused', error };
    } finally {
      this.isSaving = false;
    }
  }

  private async sendOrMerge(message: string): Promise<Saved> {
    try {
      return await this.send(message);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'version_conflict' || !this.tree) throw error;
      return this.merge(this.tree.id);
    }
  }

  private async send(message: string): Promise<Saved> {
    const { document, revision } = this.session;
    const definition = documentJSON(document);
    const tree = this.tree
      ? await this.api.trees.save(this.tree.id, definition, message, { ifMatch: this.tree.version, draft: true })
      : await this.api.trees.create(definition, { draft: true });
    this.take(tree, document);
    this.session.markSaved(revision);
    if (this.session.revision === revision) this.problems.take(tree.problems, document);
    return { kind: 'saved', version: tree.version };
  }

  /** Bring what somebody else has saved into the session, as one step that can be undone. */
  private async merge(id: string): Promise<Saved> {
    const theirs = await this.api.trees.get(id);
    const document = read(theirs);
    // A save whose answer never came was carried out all the same.
    if (isSame(diffDocuments(document, this.session.document))) return this.alreadySaved(theirs, document);
    return this.bringTogether(theirs, this.base ?? document, () => this.session.document, 'Bring in what was saved meanwhile');
  }

  private alreadySaved(tree: Tree, document: TreeDocument): Saved {
    this.take(tree, document);
    this.session.markSaved(this.session.revision);
    this.problems.take(tree.problems, this.session.document);
    return { kind: 'saved', version: tree.version };
  }

  /** Bring work on an earlier version into the session, beside what has been saved since. */
  async bringIn(mine: TreeDocument, version: number): Promise<Merged> {
    const { id } = this.tree!;
    const [theirs, before] = await Promise.all([this.api.trees.get(id), this.api.trees.version(id, version)]);
    return this.bringTogether(theirs, read({ ...before, name: mine.tree.name }), () => mine, 'Take over what was not saved');
  }

  /** `mine` is asked for at the end: one may have gone on typing until everything was there. */
  private async bringTogether(theirs: Tree, base: TreeDocument, mine: () => TreeDocument, label: string): Promise<Merged> {
    const asked = [this.api.trees.versions(theirs.id, { limit: 1 }), import('../model/merge')] as const;
    const [versions, { mergeDocuments }] = await Promise.all(asked);
    const document = read(theirs);
    const merged = mergeDocuments(base, mine(), document);
    this.take(theirs, document);
    this.session.do({ ...replaceDocument(this.session.document, merged.document), label });
    this.problems.check(this.session.document);
    return { kind: 'merged', conflicts: merged.conflicts, by: versions.items[0]?.author ?? 'Somebody' };
  }

  private take(tree: Tree, document: TreeDocument): void {
    this.tree = tree;
    this.base = document;
  }
}

function read(tree: Pick<Tree, 'definition' | 'name'>): TreeDocument {
  const opened = openDocument(tree.definition as JSONValue, tree.name);
  if ('refusal' in opened) throw new Error(`The server sent a document that can't be opened: ${opened.refusal}`);
  return opened.document;
}
