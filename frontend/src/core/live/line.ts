/** A line: one WebSocket, one event source, or one series of polls. */

import type { Ending } from './endings';
import type { ClientMessage, Frame } from './frames';

/** The ways to the server, the best one first. */
export type Way = 'websocket' | 'sse' | 'poll';

export interface LineListener {
  /** The line is open; frames may follow. */
  opened(): void;
  /** A frame has come. The promise is kept when it has been dealt with. */
  frame(frame: Frame): Promise<void>;
  /** The line is over; nothing follows. Not called after `close`. */
  ended(ending: Ending): void;
}

export interface Line {
  /** Say something, where the way allows it. */
  say(message: ClientMessage): void;
  /** Hang up; the listener hears nothing any more. */
  close(): void;
}
