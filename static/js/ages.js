// Ages that tick: <span data-age="seconds"> is as old as the server's database says, and gets older from then on.
// With data-late and data-silent (seconds) it also says what that means, as the server would.

const UNITS = [[86_400, 'd', 3_600, 'h'], [3_600, 'h', 60, 'm'], [60, 'm', 1, 's']];
const STATES = [['silent', 'failed'], ['late', 'retrying']];
const seen = new WeakMap();

function words(seconds) {
  for (const [size, unit, small, smallUnit] of UNITS) {
    if (seconds < size) continue;
    const rest = Math.floor(seconds % size / small);
    return `${Math.floor(seconds / size)} ${unit} ${unit === 'd' ? rest : String(rest).padStart(2, '0')} ${smallUnit} ago`;
  }
  return `${Math.floor(seconds)} s ago`;
}

function ageOf(element) {
  const now = performance.now();
  const known = seen.get(element);
  if (known?.said === element.dataset.age) return known.age + (now - known.at) / 1000;
  const age = Number(element.dataset.age);
  seen.set(element, {said: element.dataset.age, age, at: now});
  return age;
}

function tick() {
  for (const element of document.querySelectorAll('[data-age]')) {
    const age = ageOf(element);
    const [word, colour] = STATES.find(([name]) => age >= Number(element.dataset[name])) ?? ['on time', 'completed'];
    element.className = `status status-${colour}`;
    element.querySelector('[data-word]').textContent = word;
    element.querySelector('[data-ago]').textContent = words(age);
  }
}

tick();
setInterval(tick, 1000);
document.addEventListener('page:looked', tick);
