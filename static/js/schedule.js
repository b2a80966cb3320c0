// Shows what a schedule will do while its form is filled in. The server reads the form; without this it does so on saving.

import {localise} from './times.js';

const WAIT = 250;
const FIELDS = ['kind', 'expression', 'timezone', 'starts_at', 'ends_at'];

const form = document.querySelector('form[data-schedule]');
const place = form?.querySelector('[data-preview]');
let timer = 0;
let asked = 0;

async function show() {
  const data = new FormData(form);
  const url = new URL(form.dataset.schedule, location.href);
  for (const name of FIELDS) url.searchParams.set(name, data.get(name) ?? '');
  asked += 1;
  const turn = asked;
  try {
    const response = await fetch(url);
    if (!response.ok || response.redirected) return;
    const text = await response.text();
    if (turn !== asked) return; // a later question has been asked meanwhile
    place.replaceChildren(...new DOMParser().parseFromString(text, 'text/html').body.childNodes);
    localise(place);
  } catch {
    // The server is away: what is shown stays, and saving says what is wrong.
  }
}

form?.addEventListener('input', (event) => {
  if (!FIELDS.includes(event.target.name)) return;
  clearTimeout(timer);
  timer = setTimeout(show, WAIT);
});

if (form?.elements.expression.value) show();
