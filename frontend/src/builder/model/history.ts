/** Undo and redo. The history holds the document; everything that edits it goes through here. */

import type { TreeDocument } from './document';
import { applyChanges, invert, isEmpty, type Change, type Edit } from './edit';

/** Steps that are kept. */
export const MAX_STEPS = 500;

/** Pauses in typing that are longer than this end a step. */
export const TYPING_PAUSE_MS = 1000;

interface Step {
  label: string;
  changes: readonly Change[];
  mergeKey: string | null;
  at: number;
  /** What `revision` was before and after it. */
  before: number;
  after: number;
}

/** Told after each change of the document; `changes` lead from the document before to the one of now. */
export type Listener = (document: TreeDocument, changes: readonly Change[]) => void;

export class History {
  private done: Step[] = [];
  private undone: Step[] = [];
  private revisionNow = 0;
  private newest = 0;
  private saved = 0;
  private batch: { label: string | null; changes: Change[]; before: number } | null = null;
  private readonly listeners = new Set<Listener>();

  /** `now` gives milliseconds; only their differences count. */
  constructor(
    private current: TreeDocument,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get document(): TreeDocument {
    return this.current;
  }

  /** What undo would take back, in words; null when there is nothing. */
  get undoLabel(): string | null {
    return this.done.at(-1)?.label ?? null;
  }

  get redoLabel(): string | null {
    return this.undone.at(-1)?.label ?? null;
  }

  /** A number for the document of now; undoing brings back the number as well. */
  get revision(): number {
    return this.revisionNow;
  }

  /** True when the document is another one than was saved last. Undoing back to it makes it clean again. */
  get isDirty(): boolean {
    return this.revisionNow !== this.saved;
  }

  /** Call back after each change; the answer ends it. */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Carry an edit out. Returns false, and keeps what could be redone, when it changes nothing. */
  do(edit: Edit): boolean {
    if (isEmpty(edit)) return false;
    const before = this.revisionNow;
    this.newest += 1;
    this.go(edit.changes, this.newest);
    if (this.batch) {
      this.batch.changes.push(...edit.changes);
      this.batch.label ??= edit.label;
    } else this.push(edit.label, edit.changes, edit.mergeKey ?? null, before);
    return true;
  }

  /** Make one step of every edit that `work` does. If it throws, everything is taken back. */
  batched(work: () => void, label: string | null = null): void {
    if (this.batch) return work();
    const batch = { label, changes: [] as Change[], before: this.revisionNow };
    this.batch = batch;
    try {
      work();
    } catch (error) {
      this.go(invert(batch.changes), batch.before);
      throw error;
    } finally {
      this.batch = null;
    }
    if (batch.changes.length > 0) this.push(batch.label ?? '', batch.changes, null, batch.before);
  }

  /** End the step that is being typed, so that the next letter begins another one. */
  endTyping(): void {
    const last = this.done.at(-1);
    if (last) last.mergeKey = null;
  }

  /** Take the last step back. Returns its words; null when there is none. */
  undo(): string | null {
    const step = this.batch ? undefined : this.done.pop();
    if (!step) return null;
    this.go(invert(step.changes), step.before);
    this.undone.push({ ...step, mergeKey: null });
    this.endTyping();
    return step.label;
  }

  /** Do the step again that was taken back last. */
  redo(): string | null {
    const step = this.batch ? undefined : this.undone.pop();
    if (!step) return null;
    this.go(step.changes, step.after);
    this.done.push(step);
    return step.label;
  }

  /** Note that a document was saved: the one of now, or the one of the revision that was sent. */
  markSaved(revision: number = this.revisionNow): void {
    this.saved = revision;
    this.endTyping();
  }

  /** Begin anew with another document, which counts as saved; nothing can be undone. */
  reset(document: TreeDocument): void {
    const before = this.current;
    this.done = [];
    this.undone = [];
    this.current = document;
    this.newest += 1;
    this.saved = this.revisionNow = this.newest;
    this.tell([{ kind: 'document', before, after: document }]);
  }

  private push(label: string, changes: readonly Change[], mergeKey: string | null, before: number): void {
    const at = this.now();
    const after = this.revisionNow;
    const last = this.done.at(-1);
    this.undone = [];
    if (last && mergeKey !== null && last.mergeKey === mergeKey && at - last.at <= TYPING_PAUSE_MS) {
      last.changes = joined(last.changes, changes);
      Object.assign(last, { label, at, after });
      return;
    }
    this.done.push({ label, changes, mergeKey, at, before, after });
    if (this.done.length > MAX_STEPS) this.done.shift();
  }

  private go(changes: readonly Change[], revision: number): void {
    this.revisionNow = revision;
    this.current = applyChanges(this.current, changes);
    this.tell(changes);
  }

  private tell(changes: readonly Change[]): void {
    for (const listener of this.listeners) listener(this.current, changes);
  }
}

/** Join what was typed: of a task that is replaced again and again only the first and the last form are kept. */
function joined(first: readonly Change[], second: readonly Change[]): readonly Change[] {
  const [a] = first;
  const [b] = second;
  if (first.length !== 1 || second.length !== 1 || a?.kind !== 'replace' || b?.kind !== 'replace')
    return [...first, ...second];
  return a.index === b.index && a.after === b.before ? [{ ...a, after: b.after }] : [...first, ...second];
}
