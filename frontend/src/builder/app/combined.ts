/** Several edits as one step. */

import type { TreeDocument } from '../model/document';
import { applyChanges, isEmpty, type Edit } from '../model/edit';

/** Makes an edit of the document that the edits before it have left. */
export type Make = (document: TreeDocument) => Edit;

/** Return one edit of all; it is called what the last of them that changes anything is called. */
export function combined(document: TreeDocument, makes: readonly Make[]): Edit {
  let now = document;
  let whole: Edit = { label: '', changes: [], notices: [] };
  for (const make of makes) {
    const edit = make(now);
    now = applyChanges(now, edit.changes);
    const { label, select } = isEmpty(edit) ? whole : edit;
    whole = {
      label,
      changes: [...whole.changes, ...edit.changes],
      notices: [...whole.notices, ...edit.notices],
      ...(select ?? whole.select ? { select: (select ?? whole.select)! } : {}),
    };
  }
  return whole;
}
