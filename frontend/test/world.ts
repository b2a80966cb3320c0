/** A world of fakes: sockets, event sources and requests that a test answers by hand. */

import type { Environment, EventSourceLike, Frame, PageSignals, SocketLike } from '../src/core/live';

export class FakeSocket implements SocketLike {
  readyState = 0;
  readonly sent: { type: string; [key: string]: unknown }[] = [];
  isClosed = false;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;

  constructor(readonly url: string) {}

  open(): this {
    this.readyState = 1;
    this.onopen?.({} as never);
    return this;
  }

  frame(frame: Frame): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as never);
  }

  text(data: string): void {
    this.onmessage?.({ data } as never);
  }

  drop(code = 1006, reason = ''): void {
    this.readyState = 3;
    this.onerror?.({} as never);
    this.onclose?.({ code, reason } as never);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as { type: string });
  }

  close(): void {
    this.isClosed = true;
    this.readyState = 3;
  }

  get acks(): unknown[] {
    return this.sent.filter((message) => message.type === 'ack').map((message) => message.seq);
  }
}

export class FakeSource implements EventSourceLike {
  readyState = 0;
  isClosed = false;
  private readonly listeners = new Map<string, (event: MessageEvent) => void>();

  constructor(readonly url: string) {}

  addEventListener(type: string, listener: (event: MessageEvent) => void): void {
    this.listeners.set(type, listener);
  }

  open(): this {
    this.readyState = 1;
    this.listeners.get('open')?.({} as MessageEvent);
    return this;
  }

  frame(frame: Frame): void {
    this.listeners.get(frame.type)?.({ data: JSON.stringify(frame) } as MessageEvent);
  }

  drop(): void {
    this.readyState = 2;
    this.listeners.get('error')?.({} as MessageEvent);
  }

  close(): void {
    this.isClosed = true;
  }
}

export interface FakeRequest {
  url: URL;
  answer(body: unknown, status?: number): void;
  fail(): void;
}

export class World {
  readonly sockets: FakeSocket[] = [];
  readonly sources: FakeSource[] = [];
  readonly requests: FakeRequest[] = [];
  readonly reports: unknown[] = [];
  chance = 0.5;
  isOnline = true;
  isVisible = true;
  private readonly listeners = new Set<() => void>();

  /** The newest WebSocket. */
  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  /** The newest event source. */
  get source(): FakeSource {
    return this.sources.at(-1)!;
  }

  /** The newest request. */
  get request(): FakeRequest {
    return this.requests.at(-1)!;
  }

  /** The browser says that something has changed. */
  signal(): void {
    for (const listener of this.listeners) listener();
  }

  get isListenedTo(): boolean {
    return this.listeners.size > 0;
  }

  environment(): Partial<Environment> {
    const { sockets, sources } = this;
    const page: PageSignals = {
      isOnline: () => this.isOnline,
      isVisible: () => this.isVisible,
      onChange: (listener) => {
        this.listeners.add(listener);
        return () => void this.listeners.delete(listener);
      },
    };
    return {
      WebSocket: class extends FakeSocket {
        constructor(url: string) {
          super(url);
          sockets.push(this);
        }
      },
      EventSource: class extends FakeSource {
        constructor(url: string) {
          super(url);
          sources.push(this);
        }
      },
      fetch: (url, init) => this.fetch(url, init),
      random: () => this.chance,
      report: (error) => void this.reports.push(error),
      page,
    };
  }

  private fetch(url: string, init: RequestInit): Promise<Response> {
    return new Promise((resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      this.requests.push({
        url: new URL(url),
        answer: (body, status = 200) => resolve(new Response(JSON.stringify(body), { status })),
        fail: () => reject(new TypeError('fetch failed')),
      });
    });
  }
}
