/** What a selection over several rows means as text: a line that was wrapped is one line again. */

/** Return the text to copy; null when the browser's own does, as inside one row. */
export function copiedText(selection: Selection | null): string | null {
  if (!selection || selection.rangeCount === 0 || selection.isCollapsed) return null;
  const rows = [...selection.getRangeAt(0).cloneContents().querySelectorAll<HTMLElement>('[data-row]')];
  if (rows.length < 2) return null;
  return rows.reduce((text, row) => text + (row.dataset.row === 'wrapped' ? '' : text && '\n') + cellsOf(row), '');
}

function cellsOf(row: HTMLElement): string {
  const cells = [...row.querySelectorAll('[data-cell]')].map((cell) => cell.textContent ?? '');
  return cells.filter((cell) => cell !== '').join(' ');
}
