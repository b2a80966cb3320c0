import { ending, endingOfClose } from './endings';
import type { Environment } from './environment';
import { readFrame, type Frame } from './frames';
import type { Line, LineListener } from './line';

const OPEN = 1;

/** Open a WebSocket. */
export function openWebSocket(environment: Environment, url: string, listener: LineListener): Line {
  if (!environment.WebSocket) throw new Error('There is no WebSocket here');
  const socket = new environment.WebSocket(url);
  let detail: string | null = null;
  let isOver = false;

  function finish(): void {
    isOver = true;
    socket.onopen = socket.onmessage = socket.onclose = null;
    // An error is followed by `close`, which says more; without a listener Node would stop for it.
    socket.onerror = () => undefined;
  }

  function receive(event: { data: unknown }): void {
    let frame: Frame | null;
    try {
      frame = readFrame(String(event.data));
    } catch {
      finish();
      socket.close();
      listener.ended(ending('server_error', 'again', 'The server sent something that is no JSON'));
      return;
    }
    if (frame?.type === 'error') detail = frame.error.message;
    if (frame) void listener.frame(frame);
  }

  socket.onopen = () => listener.opened();
  socket.onmessage = receive;
  socket.onerror = () => undefined;
  socket.onclose = (event: { code: number; reason?: string }) => {
    finish();
    listener.ended(endingOfClose(event.code, detail ?? (event.reason || null)));
  };
  return {
    say(message) {
      if (!isOver && socket.readyState === OPEN) socket.send(JSON.stringify(message));
    },
    close() {
      if (isOver) return;
      finish();
      socket.close();
    },
  };
}
