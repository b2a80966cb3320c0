import { ending, type Ending } from './endings';
import type { Environment, Timer } from './environment';
import { isFrame, type Frame } from './frames';
import { getJSON } from './http';
import type { Line, LineListener } from './line';

/** Events that one answer may bring; an answer that is full is followed by the next at once. */
export const POLL_LIMIT = 500;

/** Ask again and again. `address` is called for each request, because the cursor moves in between. */
export function openPolling(
  environment: Environment,
  address: () => string,
  intervalMs: number,
  listener: LineListener,
): Line {
  const cancel = new AbortController();
  let timer: Timer = null;
  let isOpen = false;

  async function ask(): Promise<void> {
    const answer = await getJSON(environment, address(), cancel.signal);
    if (cancel.signal.aborted) return;
    if ('ending' in answer) return finish(answer.ending);
    if (!isFrame(answer.body)) return finish(ending('server_error', 'again', 'The answer is no frame'));
    if (!isOpen) listener.opened();
    isOpen = true;
    // The next request waits until this answer is dealt with: a slow page asks less often.
    await listener.frame(answer.body);
    if (!cancel.signal.aborted) timer = environment.setTimeout(() => void ask(), isFull(answer.body) ? 0 : intervalMs);
  }

  function finish(why: Ending): void {
    cancel.abort();
    listener.ended(why);
  }

  void ask();
  return {
    say: () => undefined,
    close() {
      cancel.abort();
      environment.clearTimeout(timer);
    },
  };
}

/** Tell whether a frame that was polled says that there is more. */
export function isFull(frame: Frame): boolean {
  return frame.type === 'events' && frame.events.length >= POLL_LIMIT;
}
