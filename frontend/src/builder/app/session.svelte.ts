/** The document that is being edited, what is selected in it, and everything that edits it. */

import { emptyDocument, taskOf, type Task, type TreeDocument } from '../model/document';
import { applyChanges, type Edit } from '../model/edit';
import type { EdgeId } from '../model/commands';
import { TaskGraph } from '../model/graph';
import { History } from '../model/history';
import { NOTHING, prune, select, selectEdge, type Selection } from '../model/selection';
import { combined, type Make } from './combined';
import { say } from './words';

/** What a session tells of: shown to people, and read to those who don't see. */
export interface Told {
  /** What was done, undone or refused. */
  announce(words: string): void;
  /** What could not be kept. */
  notice(words: string): void;
}

/** Notices that are shown in full at once. */
const MOST = 4;

function noticesInWords(notices: readonly string[]): string {
  const rest = notices.length - MOST;
  return [...notices.slice(0, MOST), ...(rest > 0 ? [say('notices.more', { count: rest })] : [])].join('. ');
}

export class Session {
  readonly history = new History(emptyDocument(''));
  graph = $state.raw(new TaskGraph(emptyDocument('')));
  document = $state.raw<TreeDocument>(emptyDocument(''));
  selection = $state.raw<Selection>(NOTHING);
  isDirty = $state(false);
  undoLabel = $state<string | null>(null);
  redoLabel = $state<string | null>(null);
  /** Grows with each change of the document. */
  revision = $state(0);
  isReadOnly = $state(false);

  constructor(private readonly told: Told) {
    this.history.subscribe((document, changes) => {
      this.graph.apply(changes);
      this.document = document;
      this.selection = prune(this.selection, this.graph);
      this.note();
    });
  }

  /** Begin anew with a document that counts as saved. `known` are the ids of the executors that there are. */
  open(document: TreeDocument, known: ReadonlySet<string>): void {
    this.graph = new TaskGraph(document, known);
    this.selection = NOTHING;
    this.history.reset(document);
  }

  /** Carry an edit out; tells whether it changed anything. */
  do(edit: Edit): boolean {
    if (this.isReadOnly) return false;
    const isDone = this.history.do(edit);
    if (edit.notices.length > 0) this.told.notice(noticesInWords(edit.notices));
    if (!isDone) return false;
    // The document is told before the step is noted: only now is it known what can be undone.
    this.note();
    if (edit.select) this.selection = select(edit.select);
    this.told.announce(edit.label);
    return true;
  }

  /** Carry several edits out as one step; each is made of the document that the one before has left. */
  doAll(label: string, edits: readonly Make[]): boolean {
    return this.do({ ...combined(this.document, edits), label });
  }

  undo(): void {
    const label = this.isReadOnly ? null : this.history.undo();
    this.note();
    if (label !== null) this.told.announce(say('edit.undone', { label }));
  }

  redo(): void {
    const label = this.isReadOnly ? null : this.history.redo();
    this.note();
    if (label !== null) this.told.announce(say('edit.redone', { label }));
  }

  /** Note that what was sent at a revision is stored. */
  markSaved(revision: number): void {
    this.history.markSaved(revision);
    this.note();
  }

  /** Say why an edit may not be made, because of the cycle that it would close; null when it may. */
  cycleOf(edit: Edit): string | null {
    const cycle = this.graph.cycleAfter(edit.changes);
    return cycle && this.graph.cycleText(cycle);
  }

  /** The document that an edit would make. */
  after(edit: Edit): TreeDocument {
    return applyChanges(this.document, edit.changes);
  }

  task(id: string): Task | undefined {
    return taskOf(this.document, id);
  }

  /** The task that keys act on. */
  get focused(): Task | undefined {
    return this.selection.focus === null ? undefined : this.task(this.selection.focus);
  }

  get selectedIds(): string[] {
    return [...this.selection.tasks];
  }

  select(ids: Iterable<string>): void {
    this.selection = select([...ids].filter((id) => this.graph.has(id)));
  }

  /** Select nothing; the keyboard stands where it stood. */
  deselect(): void {
    this.stand(this.selection.focus);
  }

  /** Put the keyboard on a task, with nothing selected. */
  stand(id: string | null): void {
    this.selection = { ...NOTHING, focus: id };
  }

  /** Let the keyboard stand on a task, whatever is selected. */
  focusOn(id: string | null): void {
    this.selection = { ...this.selection, focus: id };
  }

  selectEdge(edge: EdgeId): void {
    this.selection = selectEdge(edge);
  }

  private note(): void {
    this.isDirty = this.history.isDirty;
    this.undoLabel = this.history.undoLabel;
    this.redoLabel = this.history.redoLabel;
    this.revision = this.history.revision;
  }
}
