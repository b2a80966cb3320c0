/** Messages in the corner. */

import type { Tone } from '../basics/tones';
import { announce } from './announce.svelte';

export interface ToastOptions {
  tone?: Tone;
  /** What to do about it. */
  hint?: string | null;
  action?: { label: string; run: () => void };
  /** Stays until it is dismissed; what is bad or asks for something always does. */
  stay?: boolean;
}

export interface Toast extends ToastOptions {
  readonly id: number;
  readonly text: string;
}

const SHOWN_MS = 6000;
const MOST = 4;

class Toasts {
  shown = $state.raw<readonly Toast[]>([]);
  private readonly timers = new Map<number, ReturnType<typeof setTimeout>>();
  private last = 0;

  add(text: string, options: ToastOptions): number {
    const toast: Toast = { ...options, text, id: (this.last += 1) };
    const others = this.shown.filter((other) => other.text !== text);
    this.shown = [...others, toast].slice(-MOST);
    if (!options.stay && options.tone !== 'bad' && !options.action) this.count(toast.id);
    announce([text, options.hint].filter(Boolean).join(' '));
    return toast.id;
  }

  remove(id: number): void {
    this.hold(id);
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }

  /** Don't let it go while somebody reads it. */
  hold(id: number): void {
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
  }

  private count(id: number): void {
    this.timers.set(id, setTimeout(() => this.remove(id), SHOWN_MS));
  }
}

export const toasts = new Toasts();

/** Show a message in the corner, and say it. Returns its number, for `dismiss`. */
export function toast(text: string, options: ToastOptions = {}): number {
  return toasts.add(text, options);
}

/** Take a message away. */
export function dismiss(id: number): void {
  toasts.remove(id);
}
