// The search field of an autocomplete box has no label of its own: it gets that of its form field, whenever it is made.

const label = () => {
  for (const field of document.querySelectorAll('.select2-search__field:not([aria-label])')) {
    const text = field.closest('.form-row')?.querySelector('label')?.textContent;
    if (text) field.setAttribute('aria-label', text.replace(/:\s*$/, ''));
  }
};

new MutationObserver(label).observe(document.body, { childList: true, subtree: true });
label();
