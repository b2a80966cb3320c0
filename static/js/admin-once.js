// A form is sent once: a second click while the first is on its way would only meet what the first one has stored.
// After some seconds it may be sent again, since what it brought may have been a file, or nothing.

const SECONDS = 3;
const sent = new WeakSet();

addEventListener('submit', (event) => {
  const form = event.target;
  if (form.method !== 'post' || event.defaultPrevented) return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  setTimeout(() => sent.delete(form), SECONDS * 1000);
});
