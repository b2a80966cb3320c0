/** Two versions on one canvas: what was added, changed and removed is marked. */

import type { Api } from '../../core/api';
import type { NodeLook } from '../../canvas/scene';
import { diffDocuments, type DocumentDiff } from '../model/diff';
import { openDocument, type TreeDocument } from '../model/document';
import type { JSONValue } from '../model/json';
import { replaceDocument } from '../model/commands';
import type { Session } from './session.svelte';

export type Mark = NonNullable<NodeLook['mark']>;

/** What is compared with the document that is edited. */
interface Compared {
  readonly title: string;
  readonly document: TreeDocument;
  readonly diff: DocumentDiff;
}

export class Comparing {
  private compared = $state.raw<Compared | null>(null);

  constructor(
    private readonly api: Api,
    private readonly session: Session,
  ) {}

  get title(): string | null {
    return this.compared?.title ?? null;
  }

  get diff(): DocumentDiff | null {
    return this.compared?.diff ?? null;
  }

  /** Both documents on one picture: that of now, and beside it what only the other one has. */
  get picture(): TreeDocument | null {
    if (!this.compared) return null;
    const { tree, tasks, rest } = this.session.document;
    return { tree, rest, tasks: [...tasks, ...this.compared.diff.removed] };
  }

  get marks(): ReadonlyMap<string, Mark> {
    const diff = this.compared?.diff;
    if (!diff) return NO_MARKS;
    return new Map<string, Mark>([
      ...diff.changed.map(({ after }) => [after.id, 'changed'] as const),
      ...[...diff.edges.added, ...diff.edges.removed, ...diff.edges.changed].map(({ to }) => [to, 'changed'] as const),
      ...diff.added.map(({ id }) => [id, 'added'] as const),
      ...diff.removed.map(({ id }) => [id, 'removed'] as const),
    ]);
  }

  /** Compare the document that is edited with a stored version. */
  async withVersion(treeId: string, number: number): Promise<void> {
    const document = await this.version(treeId, number);
    this.compared = { title: `version ${number}`, document, diff: diffDocuments(document, this.session.document) };
  }

  /** Put a stored version in the place of the document that is edited, as a step that can be undone. */
  async takeVersion(treeId: string, number: number): Promise<void> {
    const document = await this.version(treeId, number);
    this.stop();
    this.session.do({ ...replaceDocument(this.session.document, document), label: `Restore version ${number}` });
  }

  /** The document has changed: what differs is found anew. */
  refresh(): void {
    if (!this.compared) return;
    const { document } = this.compared;
    this.compared = { ...this.compared, diff: diffDocuments(document, this.session.document) };
  }

  stop(): void {
    this.compared = null;
  }

  private async version(treeId: string, number: number): Promise<TreeDocument> {
    const { definition } = await this.api.trees.version(treeId, number);
    const opened = openDocument(definition as JSONValue, '');
    if ('refusal' in opened) throw new Error(opened.refusal);
    return opened.document;
  }
}

const NO_MARKS: ReadonlyMap<string, Mark> = new Map();
