/** Asking before something is done: what it will touch, and why it is done. */

export interface Question {
  title: string;
  body?: string;
  /** The names of what is touched. */
  touches?: readonly string[];
  /** What the button says: the act itself, not "OK". */
  confirmLabel: string;
  danger?: boolean;
  /** Whether a reason is asked for. */
  reason?: 'none' | 'optional' | 'required';
}

export interface Consent {
  reason: string;
}

class Confirmation {
  asked = $state.raw<Question | null>(null);
  private settle: ((consent: Consent | null) => void) | null = null;

  ask(question: Question): Promise<Consent | null> {
    // Only one question can be answered at a time; the older one counts as declined.
    this.answer(null);
    this.asked = question;
    return new Promise((resolve) => (this.settle = resolve));
  }

  answer(consent: Consent | null): void {
    this.settle?.(consent);
    this.settle = null;
    this.asked = null;
  }
}

export const confirmation = new Confirmation();

/** Ask; null when it was declined. `Overlays` shows the dialog. */
export function confirm(question: Question): Promise<Consent | null> {
  return confirmation.ask(question);
}
