// The theme: what the system says, light, or dark. Kept under the same name as the Django admin's, so both agree.
// Runs in the head, before anything is painted.
(() => {
  'use strict';

  const NEXT = {auto: 'light', light: 'dark', dark: 'auto'};
  const root = document.documentElement;

  function stored() {
    try {
      const theme = localStorage.getItem('theme');
      return theme in NEXT ? theme : 'auto';
    } catch {
      return 'auto'; // storage is switched off
    }
  }

  function show(theme) {
    root.dataset.theme = theme;
    for (const button of document.querySelectorAll('[data-theme-toggle]')) {
      const use = button.querySelector('use');
      use.setAttribute('href', use.getAttribute('href').replace(/#.*/, `#${theme}`));
      button.setAttribute('aria-label', `Theme: ${theme}. Change it to ${NEXT[theme]}.`);
      button.title = `Theme: ${theme}`;
    }
  }

  function choose() {
    const theme = NEXT[stored()];
    try {
      localStorage.setItem('theme', theme);
    } catch {
      // Then it holds for this page only.
    }
    show(theme);
  }

  show(stored());
  addEventListener('storage', () => show(stored()));
  document.addEventListener('DOMContentLoaded', () => {
    show(stored());
    for (const button of document.querySelectorAll('[data-theme-toggle]')) button.addEventListener('click', choose);
  });
})();
