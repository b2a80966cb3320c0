import { ending } from './endings';
import type { Environment } from './environment';
import { readFrame, type Frame } from './frames';
import type { Line, LineListener } from './line';

const TYPES = ['snapshot', 'events', 'logs', 'ping', 'end', 'overview'] as const;

/** Open an event source. Its own reconnecting is not used: it knows neither cursor nor pause. */
export function openEventSource(environment: Environment, url: string, listener: LineListener): Line {
  if (!environment.EventSource) throw new Error('There is no EventSource here');
  const source = new environment.EventSource(url);
  let isOver = false;

  function receive(event: { data: unknown }): void {
    if (isOver) return;
    let frame: Frame | null;
    try {
      frame = readFrame(String(event.data));
    } catch {
      finish('The server sent something that is no JSON');
      return;
    }
    if (frame?.type === 'error') finish(frame.error.message);
    else if (frame) void listener.frame(frame);
  }

  function finish(detail: string | null): void {
    if (isOver) return;
    isOver = true;
    source.close();
    // The status of a refusal is not told here; polling, which is next, will see it.
    listener.ended(ending(detail === null ? 'lost' : 'server_error', 'again', detail));
  }

  for (const type of TYPES) source.addEventListener(type, receive);
  source.addEventListener('open', () => {
    if (!isOver) listener.opened();
  });
  // Both the frame of that type and a broken line come under this name; only a frame has data.
  source.addEventListener('error', (event: { data?: unknown }) => {
    if (typeof event.data === 'string') receive({ data: event.data });
    else finish(null);
  });
  return {
    say: () => undefined,
    close() {
      isOver = true;
      source.close();
    },
  };
}
