// Keeps <main data-active="milliseconds"> up to date: fetches the same page again and takes over what changed. A page
// of which only a part moves marks that with data-refresh.
// Stops when the attribute is gone, pauses while the tab is hidden, says so when the server can't be reached.
//
// A page with a stream of its own says so by the event `page:stream` (detail: whether it is there); then this looks
// only when the event `page:look` asks for it, answers with `page:looked`, and leaves the badge alone.

import {localise} from './times.js';
import {morph} from './morph.js';

const LONGEST_WAIT = 15_000;
const PATIENCE = 20_000;

const PLACE = document.querySelector('[data-refresh]') ? '[data-refresh]' : 'main';
const main = document.querySelector(PLACE);
const badge = document.querySelector('[data-live]');
const announcer = document.querySelector('[data-announcer]');
let timer = 0;
let failures = 0;
let took = 0;
let isLoading = false;
let again = false;
let hasStream = false;

function address() {
  const url = new URL(location.href);
  url.hash = '';
  const open = [...main.querySelectorAll('details[data-task][open]')].map((details) => details.dataset.task);
  url.searchParams.delete('open');
  if (open.length) url.searchParams.set('open', open.join(','));
  return url;
}

async function load() {
  clearTimeout(timer);
  if (isLoading) {
    again = true;
    return;
  }
  isLoading = true;
  const began = performance.now();
  try {
    const response = await fetch(address(), {signal: AbortSignal.timeout(PATIENCE)});
    if (response.redirected && new URL(response.url).pathname !== location.pathname) {
      stop('Signed out. Reload the page to sign in again.');
      return;
    }
    if (!response.ok) throw new Error(`The server answered ${response.status}`);
    take(new DOMParser().parseFromString(await response.text(), 'text/html'));
    failures = 0;
  } catch {
    failures += 1;
    say('Connection lost, trying again', true);
  } finally {
    isLoading = false;
    took = performance.now() - began;
  }
  plan();
}

function take(page) {
  const fresh = page.querySelector(PLACE);
  if (!fresh) throw new Error('This is another page');
  const before = main.dataset.announce;
  localise(fresh);
  morph(main, document.adoptNode(fresh));
  document.title = page.title;
  if (main.dataset.announce && main.dataset.announce !== before) announcer.textContent = main.dataset.announce;
  document.dispatchEvent(new Event('page:looked'));
}

function plan() {
  const pause = Number(main.dataset.active);
  if (again) {
    again = false;
    void load();
  } else if (hasStream) {
    if (failures) timer = setTimeout(load, Math.min(1000 * 2 ** failures, LONGEST_WAIT));
  } else if (pause && !document.hidden) {
    if (!failures) say('Live', false);
    // A busy server is asked less often.
    timer = setTimeout(load, Math.min(Math.max(pause * 2 ** failures, 3 * took), LONGEST_WAIT));
  } else if (!pause) {
    say('', false);
  }
}

function stop(words) {
  delete main.dataset.active;
  say(words, true);
}

function say(words, isLost) {
  if (hasStream) return;
  badge.textContent = words;
  badge.classList.toggle('live-lost', isLost);
}

// A task that was opened and whose details the page does not hold yet.
main.addEventListener('toggle', (event) => {
  const details = event.target;
  if (!details.matches('details[data-task]')) return;
  history.replaceState(null, '', address());
  if (details.open && !details.querySelector('[data-details]')) void load();
}, true);

document.addEventListener('visibilitychange', () => {
  if (hasStream) return;
  if (document.hidden) clearTimeout(timer);
  else if (main.dataset.active) void load();
});

document.addEventListener('page:stream', ({detail}) => {
  if (hasStream === detail) return;
  hasStream = detail;
  clearTimeout(timer);
  plan();
});

document.addEventListener('page:look', () => void load());

plan();
