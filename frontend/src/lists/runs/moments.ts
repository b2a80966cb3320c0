/** The fields for times: the reader's zone in them, UTC in the address. Without a script they are in UTC. */

const pad = (number: number): string => String(number).padStart(2, '0');

/** Write a moment as a field for local times has it. */
export function localField(at: Date): string {
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${day}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

/** Read what is in a field for local times; null when it is empty or no time. */
export function fromLocalField(text: string): Date | null {
  const at = new Date(text);
  return text === '' || Number.isNaN(at.getTime()) ? null : at;
}

/** Show the times of a form in the reader's zone, and send them in UTC. A time that is chosen makes the period void. */
export function useLocalMoments(form: HTMLFormElement): void {
  const fields = [...form.querySelectorAll<HTMLInputElement>('[data-moment]')];
  for (const field of fields) {
    const at = fromLocalField(field.value && `${field.value}Z`);
    field.value = at ? localField(at) : '';
    field.addEventListener('input', () => {
      const period = form.elements.namedItem('when');
      if (field.value && period instanceof HTMLSelectElement) period.value = '';
    });
  }
  for (const zone of form.querySelectorAll('[data-zone]')) zone.textContent = '';
  form.addEventListener('formdata', (event) => {
    for (const field of fields) {
      const at = fromLocalField(field.value);
      event.formData.set(field.name, at ? at.toISOString() : '');
    }
    // What is empty narrows nothing, and makes the address long.
    for (const [name, value] of [...event.formData]) if (value === '') event.formData.delete(name);
    if (![...event.formData].length) event.formData.set('view', 'all');
  });
}
