/** One GET of JSON from the site's own API, bounded in time. */

import { ending, endingOfStatus, type Ending } from './endings';
import type { Environment } from './environment';

const PATIENCE_MS = 20_000;

export type Answer = { body: unknown } | { ending: Ending };

/** Fetch JSON. Whatever goes wrong is an ending; nothing is thrown. */
export async function getJSON(environment: Environment, url: string, given: AbortSignal): Promise<Answer> {
  const patience = new AbortController();
  const timer = environment.setTimeout(() => patience.abort(), PATIENCE_MS);
  const giveUp = () => patience.abort();
  given.addEventListener('abort', giveUp);
  try {
    const response = await environment.fetch(url, {
      headers: { Accept: 'application/json' },
      credentials: 'same-origin',
      cache: 'no-store',
      signal: patience.signal,
    });
    if (response.status !== 200) return { ending: endingOfStatus(response.status, await readDetail(response)) };
    return { body: await response.json() };
  } catch (error) {
    const isGarbled = error instanceof SyntaxError;
    return { ending: isGarbled ? ending('server_error', 'again', 'The answer is no JSON') : ending('unreachable') };
  } finally {
    environment.clearTimeout(timer);
    given.removeEventListener('abort', giveUp);
  }
}

/** The message of an API error: `{"error": {"code", "message", "path", "hint"}}`. */
async function readDetail(response: Response): Promise<string | null> {
  try {
    const body = (await response.json()) as { error?: { message?: unknown } } | null;
    return typeof body?.error?.message === 'string' ? body.error.message : null;
  } catch {
    return null;
  }
}
