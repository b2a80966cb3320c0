/** What a test of one way may find. */

export type WayName = 'websocket' | 'sse' | 'poll';
export type Verdict = 'testing' | 'good' | 'poor' | 'bad';
export type Finding =
  | 'works'
  | 'missing'
  | 'not_opened'
  | 'host_rewritten'
  | 'scheme_lost'
  | 'no_hello'
  | 'no_echo'
  | 'buffered'
  | 'closed_early'
  | 'timed_out'
  | 'refused'
  | 'failed'
  | 'cached';

export interface Result {
  verdict: Exclude<Verdict, 'testing'>;
  finding: Finding;
  /** A fact beside the words: a close code, a status, what was seen. */
  fact: string | null;
}

/** Build a result. Buffering and rewritten headers leave a way that works, badly. */
export function found(finding: Finding, fact: string | null = null): Result {
  const isPoor = finding === 'scheme_lost' || finding === 'host_rewritten';
  return { verdict: finding === 'works' ? 'good' : isPoor ? 'poor' : 'bad', finding, fact };
}

/** Compare what the site was told about this page with what the page knows. */
export function judgeHeaders(headers: unknown, page: { host: string; protocol: string }): Result {
  const told = (headers ?? {}) as { [name: string]: unknown };
  const host = told.host;
  if (typeof host === 'string' && host !== page.host) return found('host_rewritten', `${host} instead of ${page.host}`);
  const scheme = told['x-forwarded-proto'];
  if (page.protocol === 'https:' && scheme !== 'https') return found('scheme_lost', `X-Forwarded-Proto: ${String(scheme ?? 'missing')}`);
  return found('works');
}
