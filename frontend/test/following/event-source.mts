import type { EventSourceLike } from '../../src/core/live';

type Listener = (event: MessageEvent) => void;
type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** An EventSource over `fetch`, because Node has none. It never reconnects: the stream does that with its cursor. */
export class FetchEventSource implements EventSourceLike {
  readyState = 0;
  private readonly listeners = new Map<string, Listener>();
  private readonly cancel = new AbortController();

  constructor(url: string, fetch: Fetch) {
    void this.read(url, fetch);
  }

  addEventListener(type: string, listener: Listener): void {
    this.listeners.set(type, listener);
  }

  close(): void {
    this.readyState = 2;
    this.cancel.abort();
  }

  /** The line breaks: what a lost network looks like. */
  drop(): void {
    if (this.readyState === 2) return;
    this.close();
    this.tell('error', {});
  }

  private async read(url: string, fetch: Fetch): Promise<void> {
    try {
      const response = await fetch(url, { headers: { Accept: 'text/event-stream' }, signal: this.cancel.signal });
      if (response.status !== 200 || !response.body) return this.drop();
      this.readyState = 1;
      this.tell('open', {});
      await this.pump(response.body.pipeThrough(new TextDecoderStream()).getReader());
      this.drop();
    } catch {
      this.drop();
    }
  }

  private async pump(reader: ReadableStreamDefaultReader<string>): Promise<void> {
    let rest = '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const blocks = (rest + part.value).replaceAll('\r\n', '\n').split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.dispatch(block);
    }
  }

  private dispatch(block: string): void {
    const lines = block.split('\n').map((line) => /^([a-z]+): ?(.*)$/.exec(line));
    const valuesOf = (name: string) => lines.filter((line) => line?.[1] === name).map((line) => line?.[2] ?? '');
    const data = valuesOf('data');
    if (data.length > 0) this.tell(valuesOf('event').at(-1) ?? 'message', { data: data.join('\n') });
  }

  private tell(type: string, event: { data?: string }): void {
    if (this.readyState === 2 && type !== 'error') return;
    this.listeners.get(type)?.(event as MessageEvent);
  }
}
