// What every page has: local times, menus that close, forms that are sent once, and live contents.

import './times.js';
import './refresh.js';

addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    menu.open = false;
    menu.querySelector('summary').focus();
  }
});

// The server runs a form's key once anyway; this only shows that the click has arrived.
addEventListener('submit', (event) => {
  for (const button of event.target.querySelectorAll('button[data-once]')) {
    setTimeout(() => { button.disabled = true; });
  }
});

// Back to a page kept in memory: its keys are used up and its figures are old.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});
