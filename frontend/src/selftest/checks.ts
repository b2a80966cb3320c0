/** The tests of the three ways. Each ends within a bounded time and throws nothing. */

import { found, judgeHeaders, type Result } from './findings';

const PATIENCE_MS = 5_000;
const PAUSE_MS = 1_000;
const EVENTS = 3;
/** Events are sent 0.5 s apart; when less than half of that lies between them, something held them back. */
const NEAREST_MS = 250;

/** A hello, an echo, and a second echo a second later, which must not be what brings the first. */
export function checkWebSocket(path: string): Promise<Result> {
  if (!('WebSocket' in window)) return Promise.resolve(found('missing'));
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    let heard = found('not_opened');
    let step: 'opening' | 'hello' | 'first' | 'second' = 'opening';
    let timer = setTimeout(() => finish(found('not_opened')), PATIENCE_MS);

    function finish(result: Result): void {
      clearTimeout(timer);
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
      resolve(result);
    }
    function expect(next: typeof step, otherwise: Result, ms = PATIENCE_MS): void {
      step = next;
      clearTimeout(timer);
      timer = setTimeout(() => finish(otherwise), ms);
    }
    function sendSecond(): void {
      expect('second', found('no_echo'));
      socket.send(JSON.stringify({ type: 'echo', text: 'second' }));
    }
    socket.onopen = () => expect('hello', found('no_hello'));
    socket.onclose = (event) => finish(found(step === 'opening' ? 'not_opened' : 'closed_early', `code ${event.code}`));
    socket.onmessage = (event) => {
      const frame = JSON.parse(String(event.data)) as { type: string; text?: string; headers?: unknown };
      if (step === 'hello' && frame.type === 'hello') {
        heard = judgeHeaders(frame.headers, location);
        socket.send(JSON.stringify({ type: 'echo', text: 'first' }));
        step = 'first';
        clearTimeout(timer);
        timer = setTimeout(sendSecond, PAUSE_MS);
      } else if (step === 'first' && frame.text === 'first') {
        clearTimeout(timer);
        step = 'second';
        timer = setTimeout(sendSecond, PAUSE_MS);
      } else if (step === 'second' && frame.text === 'first') finish(found('buffered'));
      else if (step === 'second' && frame.text === 'second') finish(heard);
    };
  });
}

/** Three events, half a second apart. */
export function checkEvents(path: string): Promise<Result> {
  if (!('EventSource' in window)) return Promise.resolve(found('missing'));
  return new Promise((resolve) => {
    const source = new EventSource(new URL(path, location.href));
    const arrivals: number[] = [];
    const timer = setTimeout(() => finish(found('timed_out')), PATIENCE_MS);

    function finish(result: Result): void {
      clearTimeout(timer);
      source.close();
      resolve(result);
    }
    source.onmessage = () => {
      arrivals.push(performance.now());
      if (arrivals.length < EVENTS) return;
      const gaps = arrivals.slice(1).map((at, index) => Math.round(at - arrivals[index]!));
      finish(Math.min(...gaps) < NEAREST_MS ? found('buffered', `${gaps.join(' ms, ')} ms apart`) : found('works'));
    };
    source.onerror = () => finish(found(arrivals.length > 0 ? 'closed_early' : 'failed'));
  });
}

/** Two requests, whose answers must not be the same one. */
export async function checkPolling(path: string): Promise<Result> {
  try {
    const first = await ask(path);
    if ('finding' in first) return first;
    const second = await ask(path);
    if ('finding' in second) return second;
    if (first.now !== undefined && first.now === second.now) return found('cached');
    return judgeHeaders(first.headers, location);
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError';
    return found(isLate ? 'timed_out' : 'failed');
  }
}

async function ask(path: string): Promise<Result | { now?: unknown; headers?: unknown }> {
  const response = await fetch(new URL(path, location.href), {
    headers: { Accept: 'application/json' },
    credentials: 'same-origin',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (response.ok) return (await response.json()) as { now?: unknown; headers?: unknown };
  const isRefused = response.status === 401 || response.status === 403;
  return found(isRefused ? 'refused' : 'failed', `status ${response.status}`);
}
