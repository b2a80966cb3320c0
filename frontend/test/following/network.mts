import { WebSocket } from 'ws';
import type { Environment, EventSourceLike } from '../../src/core/live';
import { FetchEventSource } from './event-source.mts';

/** The real network with a token, and with lines that can be lost. */
export class Network {
  private readonly losers = new Set<() => void>();
  private isNextLost = false;

  constructor(private readonly token: string) {}

  /** Lose every line that is open, and the next request: polling has no line between two of them. */
  cut(): void {
    this.isNextLost = true;
    for (const lose of this.losers) lose();
    this.losers.clear();
  }

  environment(): Partial<Environment> {
    const headers = { Authorization: `Bearer ${this.token}` };
    const { losers } = this;
    const fetch = (url: string, init: RequestInit) =>
      this.fetch(url, { ...init, headers: { ...init.headers, ...headers } });
    return {
      fetch,
      WebSocket: class extends WebSocket {
        constructor(url: string) {
          super(url, { headers });
          losers.add(() => this.terminate());
        }
      } as unknown as NonNullable<Environment['WebSocket']>,
      EventSource: class extends FetchEventSource {
        constructor(url: string) {
          super(url, (address, init) =>
            globalThis.fetch(address, { ...init, headers: { ...init.headers, ...headers } }),
          );
          losers.add(() => this.drop());
        }
      } as new (url: string) => EventSourceLike,
    };
  }

  private fetch(url: string, init: RequestInit): Promise<Response> {
    const lost = new AbortController();
    if (this.isNextLost) lost.abort();
    this.isNextLost = false;
    this.losers.add(() => lost.abort());
    const signals = init.signal ? [init.signal, lost.signal] : [lost.signal];
    return globalThis.fetch(url, { ...init, signal: AbortSignal.any(signals) });
  }
}
