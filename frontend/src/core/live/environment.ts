/** What the live stream needs of the world around it, so that tests can bring their own. */

export interface SocketLike {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export interface EventSourceLike {
  readonly readyState: number;
  close(): void;
  addEventListener(type: string, listener: (event: MessageEvent) => void): void;
}

/** Where the page says that it is on or off line, or seen again. Null outside of a browser. */
export interface PageSignals {
  isOnline(): boolean;
  isVisible(): boolean;
  /** Call back after each change; the answer ends it. */
  onChange(listener: () => void): () => void;
}

export type Timer = unknown;

export interface Environment {
  WebSocket: (new (url: string) => SocketLike) | null;
  EventSource: (new (url: string) => EventSourceLike) | null;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  setTimeout: (callback: () => void, ms: number) => Timer;
  clearTimeout: (timer: Timer) => void;
  /** Milliseconds by this machine's clock. */
  now: () => number;
  /** A number in [0, 1). */
  random: () => number;
  page: PageSignals | null;
  /** Tell a developer about a handler that threw. */
  report: (error: unknown) => void;
}

/** The environment of this page or process. Timers are looked up when used, so that fake ones work. */
export function defaultEnvironment(): Environment {
  return {
    WebSocket: globalThis.WebSocket ?? null,
    EventSource: globalThis.EventSource ?? null,
    fetch: (url, init) => globalThis.fetch(url, init),
    setTimeout: (callback, ms) => globalThis.setTimeout(callback, ms),
    clearTimeout: (timer) => globalThis.clearTimeout(timer as ReturnType<typeof setTimeout>),
    now: () => Date.now(),
    random: () => Math.random(),
    page: typeof window === 'undefined' || typeof document === 'undefined' ? null : browserSignals(),
    report: (error) => console.error(error),
  };
}

function browserSignals(): PageSignals {
  return {
    isOnline: () => navigator.onLine,
    isVisible: () => !document.hidden,
    onChange(listener) {
      window.addEventListener('online', listener);
      window.addEventListener('offline', listener);
      document.addEventListener('visibilitychange', listener);
      return () => {
        window.removeEventListener('online', listener);
        window.removeEventListener('offline', listener);
        document.removeEventListener('visibilitychange', listener);
      };
    },
  };
}
