// Times in the reader's zone and language; the exact UTC time stays in the title.

const sameDay = new Intl.DateTimeFormat(undefined, {timeStyle: 'medium'});
const sameYear = new Intl.DateTimeFormat(undefined, {month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit'});
const older = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'short'});

function words(at, now) {
  if (at.toDateString() === now.toDateString()) return sameDay.format(at);
  return (at.getFullYear() === now.getFullYear() ? sameYear : older).format(at);
}

/** Rewrite every <time datetime> under `root`. */
export function localise(root) {
  const now = new Date();
  for (const element of root.querySelectorAll('time[datetime]:not([data-plain])')) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    element.textContent = element.dataset.clock === undefined ? words(at, now) : sameDay.format(at);
  }
}

localise(document);
