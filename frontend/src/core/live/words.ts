/** What a badge says about a stream, in English. */

import type { Reason } from './endings';
import type { Way } from './line';
import type { StateName } from './state';

export const STATE_WORDS: Readonly<Record<StateName, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  'catching-up': 'Catching up',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  ended: 'Ended',
  refused: 'Not connected',
};

export const WAY_WORDS: Readonly<Record<Way, string>> = {
  websocket: 'WebSocket',
  sse: 'server-sent events',
  poll: 'polling',
};

export const REASON_WORDS: Readonly<Record<Reason, string>> = {
  unreachable: 'The server could not be reached.',
  lost: 'The connection was lost.',
  silent: 'The server has not been heard of for too long.',
  hole: 'Something was missing; the state is loaded again.',
  behind: 'More has happened than this page could show; it is catching up.',
  restarting: 'The server is restarting.',
  server_error: 'The server had an error.',
  handler_failed: 'This page had an error; the state is loaded again.',
  bad_message: 'The server did not understand this page. Reload it.',
  signed_out: 'You are not signed in any more. Sign in again.',
  not_found: 'There is no such run, or you may not see it.',
  too_many_streams: 'You have too many live pages open. Close some; this one tries again in a minute.',
};
