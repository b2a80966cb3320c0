/** How the editor looks: the tokens of the pages, which reach into its shadow root. */

import { HighlightStyle } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

export const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--ink)', fontWeight: '600' },
  { tag: tags.string, color: 'var(--completed)' },
  { tag: tags.number, color: 'var(--in-progress)' },
  { tag: tags.bool, color: 'var(--retrying)' },
  { tag: tags.null, color: 'var(--ink-soft)' },
  { tag: tags.invalid, color: 'var(--failed)' },
]);

const ACTIVE = 'color-mix(in srgb, var(--accent) 6%, transparent)';
const CHOSEN = 'color-mix(in srgb, var(--accent) 22%, transparent)';

export const LOOK = EditorView.theme({
  '&': { height: '100%', minHeight: 'inherit', maxHeight: 'inherit', backgroundColor: 'var(--surface)', color: 'var(--ink)', fontSize: 'var(--text-s)' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '1.5', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '4px 0' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--ink-soft)', borderRight: '1px solid var(--line)' },
  '.cm-activeLine': { backgroundColor: ACTIVE },
  '.cm-activeLineGutter': { backgroundColor: ACTIVE },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: CHOSEN },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: CHOSEN },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--pending-soft)', border: '0', color: 'var(--ink-soft)', padding: '0 6px' },
  '.cm-gutter-lint': { width: '14px' },
  '.cm-gutter-lint .cm-gutterElement': { padding: '0' },
  '.cm-lint-marker': { width: '8px', height: '8px', margin: '6px 3px', borderRadius: '50%', content: '""' },
  '.cm-lint-marker-error': { content: '""', backgroundColor: 'var(--failed)' },
  '.cm-lint-marker-warning': { content: '""', backgroundColor: 'var(--retrying)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--failed) 1px', textUnderlineOffset: '3px' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--retrying) 1px', textUnderlineOffset: '3px' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', border: '1px solid var(--line-strong)', borderRadius: 'var(--radius-s)', boxShadow: 'var(--shadow-high)', fontFamily: 'var(--font)' },
  '.cm-diagnostic': { padding: '4px 10px', borderLeftWidth: '3px' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--failed)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--retrying)' },
  '.cm-panels': { backgroundColor: 'var(--bg)', color: 'var(--ink)' },
});
