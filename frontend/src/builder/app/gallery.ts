/** Patterns to begin with. Each is a tree that can be run as it stands (tests/actions/test_gallery.py runs them). */

import { openDocument, type TreeDocument } from '../model/document';
import type { JSONValue } from '../model/json';
import { pasteTasks } from '../model/commands';
import { emptyDocument } from '../model/document';
import { applyChanges } from '../model/edit';

export interface Pattern {
  readonly name: string;
  readonly about: string;
  readonly document: TreeDocument;
}

const files: Record<string, JSONValue> = import.meta.glob('../gallery/*.json', { eager: true, import: 'default' });

const ORDER = ['pipeline', 'fan-out', 'fan-in', 'fallback', 'optional-enhancement', 'with-parameters', 'nested-groups'];

/** The patterns, the simplest first. */
export const PATTERNS: readonly Pattern[] = Object.entries(files)
  .map(([path, value]) => ({ place: ORDER.indexOf(path.replace(/^.*\/|\.json$/g, '')), document: read(value) }))
  .sort((a, b) => a.place - b.place)
  .map(({ document }) => ({ name: document.tree.name, about: String(document.tree.description ?? ''), document }));

function read(value: JSONValue): TreeDocument {
  const opened = openDocument(value, '');
  if ('refusal' in opened) throw new Error(opened.refusal);
  return opened.document;
}

/** A copy of a pattern as a new tree: its tasks get ids of their own. */
export function begun({ document }: Pattern, newId: () => string): TreeDocument {
  const { name, description, parameters } = document.tree;
  const empty = emptyDocument(name);
  const edit = pasteTasks(empty, document.tasks, { newId, at: { x: 0, y: 0 } });
  const tree = { ...empty.tree, ...(description ? { description } : {}), ...(parameters ? { parameters } : {}) };
  return { ...applyChanges(empty, edit.changes), tree };
}
