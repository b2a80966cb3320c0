// Names for what the administration's own scripts build without one: those who hear a page need them.

const PARTS = '.select2-selection, .select2-search__field, .select2-selection__rendered[role="textbox"]';

function labelOf(select) {
  const label = select?.id && document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
  return label ? label.textContent.trim().replace(/:$/, '') : columnOf(select) ?? select?.name ?? '';
}

/** The head of the column that a field of a table stands in. */
function columnOf(field) {
  const cell = field?.closest('td');
  const head = cell?.closest('table')?.querySelector('thead tr')?.cells[cell.cellIndex];
  return head?.textContent.trim();
}

function name(element, words) {
  if (!words || element.getAttribute('aria-label') === words) return;
  element.removeAttribute('aria-labelledby');
  element.setAttribute('aria-label', words);
}

function nameAll() {
  for (const box of document.querySelectorAll('.select2-container')) {
    const select = box.previousElementSibling;
    const chosen = box.querySelector('.select2-selection__rendered')?.title;
    const words = labelOf(select);
    for (const part of box.querySelectorAll(PARTS)) name(part, chosen ? `${words}: ${chosen}` : words);
  }
  // The search of a list that has opened stands at the end of the page; it names its field by what it controls.
  for (const search of document.querySelectorAll('.select2-dropdown .select2-search__field[aria-controls]')) {
    name(search, labelOf(document.getElementById(search.getAttribute('aria-controls').replace(/^select2-(.*)-results$/, '$1'))));
  }
  for (const field of document.querySelectorAll('.inline-group td input:not([type="hidden"]), .inline-group td select')) {
    if (!field.labels?.length) name(field, columnOf(field));
  }
  for (const tip of document.querySelectorAll('.help-tooltip[aria-label]')) tip.setAttribute('role', 'img');
}

nameAll();
new MutationObserver(nameAll).observe(document.body, {childList: true, subtree: true});
