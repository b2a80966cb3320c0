/** Why a line to the server ended, and what to do about it. */

/** Why there is no line; `words.ts` says it in English. */
export type Reason =
  | 'unreachable'
  | 'lost'
  | 'silent'
  | 'hole'
  | 'behind'
  | 'restarting'
  | 'server_error'
  | 'handler_failed'
  | 'bad_message'
  | 'signed_out'
  | 'not_found'
  | 'too_many_streams';

export interface Ending {
  reason: Reason;
  /** Try again after the usual pause, after a long one, or not at all. */
  then: 'again' | 'later' | 'never';
  /** What the server said about it, if it said anything. */
  detail: string | null;
}

/** Build an ending. */
export function ending(reason: Reason, then: Ending['then'] = 'again', detail: string | null = null): Ending {
  return { reason, then, detail };
}

/** What the close code of a WebSocket means (the table in docs/reference/live-stream.md). */
export function endingOfClose(code: number, detail: string | null): Ending {
  switch (code) {
    case 1001:
    case 1012:
      return ending('restarting', 'again', detail);
    case 1011:
      return ending('server_error', 'again', detail);
    case 4400:
      return ending('bad_message', 'never', detail);
    case 4401:
      return ending('signed_out', 'never', detail);
    case 4404:
      return ending('not_found', 'never', detail);
    case 4429:
      return ending('too_many_streams', 'later', detail);
    default:
      return ending('lost', 'again', detail);
  }
}

/** What an HTTP status other than 200 means; the same table, for polling. */
export function endingOfStatus(status: number, detail: string | null): Ending {
  switch (status) {
    case 401:
    case 403:
      return ending('signed_out', 'never', detail);
    case 404:
      return ending('not_found', 'never', detail);
    case 429:
      return ending('too_many_streams', 'later', detail);
    case 502:
    case 503:
    case 504:
      return ending('restarting', 'again', detail);
    default:
      return status >= 500 ? ending('server_error', 'again', detail) : ending('bad_message', 'never', detail);
  }
}
