/** Listeners by key. */

import type { Readable } from 'svelte/store';

export class Watchers<Key> {
  readonly #byKey = new Map<Key, Set<() => void>>();

  /** Call `listener` whenever the key is told of; returns how to stop. */
  watch(key: Key, listener: () => void): () => void {
    const listeners = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (!listeners.size && this.#byKey.get(key) === listeners) this.#byKey.delete(key);
    };
  }

  notify(keys: Iterable<Key>): void {
    for (const key of keys) for (const listener of [...(this.#byKey.get(key) ?? [])]) listener();
  }

  notifyAll(): void {
    this.notify([...this.#byKey.keys()]);
  }

  /** A Svelte store of what `read` gives, read again whenever the key is told of. */
  readable<Value>(key: Key, read: () => Value): Readable<Value> {
    return {
      subscribe: (run) => {
        run(read());
        return this.watch(key, () => run(read()));
      },
    };
  }
}
