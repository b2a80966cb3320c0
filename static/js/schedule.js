// Shows what a form of schedules would do while it is filled in. The server reads the form; without this it does so on
// saving. `data-fields` are what the server is asked about, once all of `data-needs` are there.

import {localise} from './times.js';

const WAIT = 250;

function follow(form) {
  const place = form.querySelector('[data-preview]');
  const fields = form.dataset.fields.split(' ');
  const needs = form.dataset.needs.split(' ');
  let timer = 0;
  let asked = 0;

  async function show() {
    const data = new FormData(form);
    const url = new URL(form.dataset.previewFrom, location.href);
    for (const name of fields) url.searchParams.set(name, data.get(name) ?? '');
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

  function isReady() {
    return needs.every((name) => form.elements[name].value);
  }

  form.addEventListener('input', (event) => {
    if (!fields.includes(event.target.name) || (!asked && !isReady())) return;
    clearTimeout(timer);
    timer = setTimeout(show, WAIT);
  });

  if (isReady()) show();
}

for (const form of document.querySelectorAll('form[data-preview-from]')) follow(form);
