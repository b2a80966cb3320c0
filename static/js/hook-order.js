// Rows of hooks are dragged into another order; a drop sends the whole order of its event as a form. The arrows beside
// them do the same without this script.

for (const form of document.querySelectorAll('[data-hook-order]')) {
  const rows = () => [...form.querySelectorAll('tr[data-hook]')];
  let dragged = null;

  const mark = (row, side) => {
    for (const other of rows()) delete other.dataset.over;
    if (row && row !== dragged) row.dataset.over = side;
  };
  const sideOf = (row, event) => {
    const { top, height } = row.getBoundingClientRect();
    return event.clientY < top + height / 2 ? 'before' : 'after';
  };

  form.dataset.drags = '';
  for (const row of rows()) {
    const grip = row.querySelector('.hook-grip');
    grip.draggable = true;
    grip.addEventListener('dragstart', (event) => {
      dragged = row;
      row.dataset.dragged = '';
      event.dataTransfer.effectAllowed = 'move';
      event.dataTransfer.setData('text/plain', row.dataset.hook);
      event.dataTransfer.setDragImage(row, 8, 8);
    });
    grip.addEventListener('dragend', () => {
      delete row.dataset.dragged;
      mark(null);
      dragged = null;
    });
    row.addEventListener('dragover', (event) => {
      if (!dragged) return;
      event.preventDefault();
      mark(row, sideOf(row, event));
    });
    row.addEventListener('drop', (event) => {
      if (!dragged) return;
      event.preventDefault();
      const before = rows().map((each) => each.dataset.hook).join(' ');
      if (row !== dragged) row[sideOf(row, event)](dragged);
      mark(null);
      const after = rows().map((each) => each.dataset.hook).join(' ');
      if (after === before) return;
      form.elements.ids.value = after;
      form.submit();
    });
  }
}

// After an arrow was pressed the page comes back with its button in the address.
const pressed = location.hash.startsWith('#hook-') ? document.getElementById(location.hash.slice(1)) : null;
if (pressed) (pressed.disabled ? pressed.parentElement.querySelector('button:not(:disabled)') : pressed)?.focus();
