/**
 * The editor for JSON, as a chunk of its own.
 *
 * It lives in a shadow root: there CodeMirror puts its rules into adopted style sheets, which a policy of `style-src 'self'`
 * allows; in the document itself it would make a `<style>` element, which that policy refuses.
 */

import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';

import { COLOURS, LOOK } from './codemirror-look';
import type { Marked } from './problems';

export interface EditorOptions {
  text: string;
  label: string;
  readonly: boolean;
  onchange(text: string): void;
}

/** What is selected, as offsets into the text; the cursor blinks at `head`. */
export interface Selection {
  anchor: number;
  head: number;
}

/** An editor in an element. */
export class JSONTextEditor {
  private readonly view: EditorView;
  private readonly editable = new Compartment();
  private isSetting = false;

  constructor(parent: HTMLElement, options: EditorOptions) {
    const root = parent.shadowRoot ?? parent.attachShadow({ mode: 'open' });
    const state = EditorState.create({ doc: options.text, extensions: this.extensions(options) });
    this.view = new EditorView({ state, parent: root, root });
  }

  /** Show another text; the cursor stays where it is, as far as it can, and nothing is told to `onchange`. */
  setText(text: string): void {
    const { doc } = this.view.state;
    if (doc.toString() === text) return;
    this.isSetting = true;
    this.view.dispatch({ changes: differenceOf(doc.toString(), text) });
    this.isSetting = false;
  }

  setReadonly(isReadonly: boolean): void {
    this.view.dispatch({ effects: this.editable.reconfigure(readonly(isReadonly)) });
  }

  /** Underline what is wrong, and mark its lines. */
  mark(problems: readonly Marked[]): void {
    const end = this.view.state.doc.length;
    const diagnostics = problems.map(({ from, to, message, kind }) => ({
      from: Math.min(from, end),
      to: Math.min(Math.max(to, from), end),
      message,
      severity: kind === 'syntax' ? ('error' as const) : ('warning' as const),
    }));
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }

  /** Put the keyboard into it, with this selected. */
  focus({ anchor, head }: Selection): void {
    const end = this.view.state.doc.length;
    this.view.dispatch({ selection: { anchor: Math.min(anchor, end), head: Math.min(head, end) } });
    this.view.focus();
  }

  destroy(): void {
    this.view.destroy();
  }

  private extensions({ label, readonly: isReadonly, onchange }: EditorOptions): Extension[] {
    return [
      [lineNumbers(), foldGutter(), lintGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine()],
      [json(), syntaxHighlighting(COLOURS), LOOK, EditorView.lineWrapping, EditorState.tabSize.of(2)],
      // Tab goes on to the next field, as everywhere; Mod+] and Mod+[ indent.
      keymap.of([...defaultKeymap, ...historyKeymap, ...foldKeymap, ...lintKeymap]),
      EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', autocapitalize: 'off' }),
      this.editable.of(readonly(isReadonly)),
      EditorView.updateListener.of((update) => {
        if (update.docChanged && !this.isSetting) onchange(update.state.doc.toString());
      }),
    ];
  }
}

function readonly(isReadonly: boolean): Extension {
  return [EditorState.readOnly.of(isReadonly), EditorView.contentAttributes.of({ 'aria-readonly': String(isReadonly) })];
}

/** What stands between the beginning and the end that two texts share. */
function differenceOf(before: string, after: string): { from: number; to: number; insert: string } {
  let from = 0;
  while (from < before.length && before[from] === after[from]) from += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - from;
  while (end < most && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}
