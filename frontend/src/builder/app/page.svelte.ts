/** The page around the canvas: panels, dialogs, saving, leaving. */

import { tick } from 'svelte';

import type { Part, StartRequest } from '../../core/api';
import { announce } from '../../ui/overlays/announce.svelte';
import { toast } from '../../ui/overlays/toasts.svelte';
import { diffDocuments, isSame } from '../model/diff';
import { documentText, parseDocument, type TreeDocument } from '../model/document';
import type { Conflict } from '../model/merge';
import type { Acts } from './acts';
import type { Builder, LeftPanel, OpenDialog } from './builder.svelte';
import type { Kept } from './recovery';
import type { Merged } from './stored.svelte';
import type { Spot } from './spots';
import { say } from './words';

/** What the page asks of the mounted canvas. */
export interface CanvasHandle {
  fit(): void;
  fitTo(ids: readonly string[]): void;
  reveal(id: string): void;
  focusNode(id: string): void;
  rename(id: string): void;
  centre(): { x: number; y: number };
}

/** Where the palette is open, and what the chosen executor is joined to. */
export interface PaletteAt {
  readonly spot: Spot;
  readonly point: { x: number; y: number } | null;
  /** It was asked for in the outline, where the keyboard goes back to. */
  readonly isForOutline: boolean;
}

export class Page {
  canvas: CanvasHandle | null = null;
  palette = $state.raw<PaletteAt | null>(null);
  /** What the merge could not decide. */
  conflicts = $state.raw<readonly Conflict[]>([]);
  savedBy = $state('');
  kept = $state.raw<Kept | null>(null);
  message = $state('');
  /** The field of the inspector that is to be shown: a path such as `inputs.url`. */
  place = $state.raw<{ taskId: string; path: string } | null>(null);
  /** The task whose fields the keyboard goes to, once they are there. */
  opened = $state.raw<string | null>(null);
  /** Which part of the tree the run dialog begins with. */
  part = $state.raw<Part['mode'] | 'all'>('all');
  isPinning = $state(false);

  constructor(readonly builder: Builder) {}

  private get acts(): Acts {
    return this.builder.acts;
  }

  open(dialog: OpenDialog): void {
    this.builder.dialog = dialog;
  }

  close(): void {
    this.builder.dialog = 'none';
  }

  // --- adding ---------------------------------------------------------------------------------------------------

  openPalette(spot: Spot, point: { x: number; y: number } | null = null): void {
    if (this.builder.session.isReadOnly) return;
    const isFree = spot.at === undefined && spot.after === undefined && spot.onEdge === undefined;
    const near = isFree ? this.canvas?.centre() : undefined;
    const isForOutline = document.activeElement?.getAttribute('role') === 'tree';
    this.palette = { spot: near ? { ...spot, near } : spot, point, isForOutline };
  }

  addAfter(): void {
    const { focus } = this.builder.session.selection;
    if (focus !== null) this.openPalette({ after: focus });
  }

  /** Add what was chosen in the palette; null is an empty group. */
  choose(executorId: string | null): void {
    const { spot = {}, isForOutline = false } = this.palette ?? {};
    this.palette = null;
    const id = this.acts.add(executorId, spot);
    if (id === null) return;
    this.show(id);
    if (!isForOutline) setTimeout(() => this.canvas?.focusNode(id));
  }

  /** Bring a task into view, and put the keyboard on it. */
  show(id: string): void {
    this.builder.session.select([id]);
    queueMicrotask(() => this.canvas?.reveal(id));
  }

  /** Show a task's fields: the inspector has them; the keyboard goes there. */
  openTask(id: string): void {
    if (this.builder.session.graph.childrenOf(id).length > 0) this.builder.collapsed = new Set([...this.builder.collapsed].filter((other) => other !== id));
    this.builder.session.select([id]);
    this.opened = id;
  }

  /** What travels along an edge, in words. */
  describeEdge(source: string, target: string): string {
    const { graph } = this.builder.session;
    const names = { from: graph.nameOf(source), to: graph.nameOf(target) };
    return say(this.acts.isRequired(source, target) ? 'edge.required' : 'edge.optional', names);
  }

  /** Paste what the browser gives away when asked; Ctrl+V needs no asking. */
  async pasteFromClipboard(): Promise<void> {
    try {
      this.acts.paste(await navigator.clipboard.readText(), this.canvas?.centre());
    } catch {
      this.builder.refuse(say('paste.denied'));
    }
  }

  rename(): void {
    const { focus } = this.builder.session.selection;
    if (focus !== null) this.canvas?.rename(focus);
  }

  pin(): void {
    if (!this.acts.unpin()) this.isPinning = true;
  }

  async tidy(): Promise<void> {
    await this.acts.tidy(this.builder.collapsed);
    await this.fit();
  }

  // --- looking --------------------------------------------------------------------------------------------------

  showLeft(panel: LeftPanel): void {
    this.builder.left = panel;
    void tick().then(() => document.querySelector<HTMLElement>(`[data-panel="${panel}"] [role="tabpanel"] :is([tabindex="0"], input, button)`)?.focus());
  }

  focusCanvas(): void {
    const { focus } = this.builder.session.selection;
    const id = focus ?? this.builder.session.document.tasks[0]?.id;
    if (id !== undefined) this.canvas?.focusNode(id);
    else document.querySelector<HTMLElement>('[data-key-scope="canvas"] [role="application"]')?.focus();
  }

  /** Where the keyboard stood on the canvas, it goes along to what an edit has made, such as the group around tasks. */
  followFocus(): void {
    const { focus } = this.builder.session.selection;
    const card = document.activeElement?.getAttribute('data-card') ?? null;
    if (card !== null && focus !== null && card !== focus) setTimeout(() => this.canvas?.focusNode(focus));
  }

  /** Show everything, once everything has its place. */
  async fit(): Promise<void> {
    await this.builder.places.complete(this.builder.session.document);
    await tick();
    this.canvas?.fit();
  }

  /** Go to the field that a problem is about. */
  goToProblem(index = 0): void {
    const found = this.builder.problems.list[index];
    if (!found) return;
    if (found.taskId === null) return this.builder.session.select([]);
    this.show(found.taskId);
    this.place = { taskId: found.taskId, path: found.place };
  }

  // --- keeping --------------------------------------------------------------------------------------------------

  /** Save; tells whether what is on the page is stored now. */
  async save(message = this.message): Promise<boolean> {
    const { stored, boot } = this.builder;
    if (!stored || this.builder.session.isReadOnly) return stored?.id != null;
    if (this.conflicts.length > 0) {
      this.open('conflicts');
      return false;
    }
    const wasNew = stored.id === null;
    const recovery = this.builder.recovery;
    const saved = await stored.save(message.trim());
    switch (saved.kind) {
      case 'saved':
        this.message = '';
        recovery.forget();
        if (wasNew) this.becomeStored(boot.pages.trees);
        this.tellSaved(saved.version);
        return true;
      case 'same':
        if (stored.version !== null) toast(say('save.same', { version: stored.version }));
        return stored.id !== null;
      case 'merged':
        this.tellMerged(saved);
        return false;
      case 'refused':
        toast(say('save.refused', { reason: saved.error.message }), { tone: 'bad', hint: saved.error.hint });
        return false;
    }
  }

  private tellSaved(version: number): void {
    const count = this.builder.problems.list.length;
    if (count === 0) toast(say('save.saved', { version }), { tone: 'good' });
    else toast(say('save.problems', { version, count: countWords(count) }), { tone: 'warning' });
  }

  private tellMerged({ by, conflicts }: Merged): void {
    this.savedBy = by;
    this.conflicts = conflicts;
    if (conflicts.length === 0) return void toast(say('save.merged', { by }), { tone: 'info', stay: true });
    this.open('conflicts');
  }

  /** A tree that was new has an address now. */
  private becomeStored(trees: string): void {
    const id = this.builder.stored.id!;
    history.replaceState(null, '', `${trees}${id}/edit/`);
    this.builder.presence.start(id);
  }

  /** Look for what was not saved when this page was left. */
  lookForKept(): void {
    const kept = this.builder.recovery.find();
    if (!kept) return;
    if (isSame(diffDocuments(this.builder.session.document, kept.document))) return this.builder.recovery.forget();
    this.kept = kept;
    // The gallery would stand in front of the offer.
    this.close();
  }

  /** Go on with what was not saved; what others have saved since stays. */
  async takeKept(): Promise<void> {
    const { kept } = this;
    const { stored } = this.builder;
    if (!kept) return;
    try {
      if (kept.version === null || kept.version === stored.version) this.replace(kept.document, 'Take over what was not saved');
      else this.tellMerged(await stored.bringIn(kept.document, kept.version));
      this.kept = null;
    } catch (error) {
      toast((error as Error).message, { tone: 'bad' });
    }
  }

  dropKept(): void {
    this.builder.recovery.forget();
    this.kept = null;
  }

  /** Put another document in the place of this one, as a step that can be undone. */
  replace(document: TreeDocument, label: string): void {
    const before = this.builder.session.document;
    this.builder.session.do({ label, changes: [{ kind: 'document', before, after: document }], notices: [], select: [] });
    void this.fit();
  }

  /** Open a text as the tree: pasted into an empty one, or from a file. */
  openText(text: string, name: string): string | null {
    const opened = parseDocument(text, name);
    if ('refusal' in opened) return opened.refusal;
    if (!('document' in opened)) return `${opened.message} (${opened.line}:${opened.column})`;
    for (const notice of opened.notices) toast(notice);
    this.builder.stored.id === null ? this.builder.stored.begin(opened.document) : this.replace(opened.document, 'Open a document');
    void this.fit();
    return null;
  }

  download(): void {
    const { document: tree } = this.builder.session;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([documentText(tree)], { type: 'application/json' }));
    link.download = `${tree.tree.name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'tree'}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  // --- running --------------------------------------------------------------------------------------------------

  /** Whether one may run this tree; a new one is run by those who may make it. */
  get mayRun(): boolean {
    return this.builder.stored?.tree?.may.run ?? true;
  }

  /** Open the run dialog on a part of the tree. */
  tryPart(mode: Part['mode'] | 'all'): void {
    this.part = mode;
    this.open('run');
  }

  /** Save what is not saved, and start. Returns what was refused, by path, or null. */
  async run(request: StartRequest): Promise<boolean> {
    const { session, stored, running } = this.builder;
    if ((session.isDirty || stored.id === null) && !session.isReadOnly && !(await this.save())) return false;
    await running.start(stored.id!, request);
    announce(say('run.started'));
    return true;
  }
}

/** `1 problem`, `3 problems`. */
export function countWords(count: number): string {
  return count === 1 ? say('problems.one') : say('problems.some', { count });
}
