/** What goes wrong when the API is asked, in one shape. */

/** One thing that is wrong with what was sent; `path` is like `$.tasks[3].priority`. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** Everything that the API's answer to a failed request may say: docs/reference/http-api.md. */
export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly path?: string | null;
  readonly hint?: string | null;
  readonly problems?: readonly Problem[] | null;
  readonly expected?: number | null;
  readonly current?: number | null;
}

/**
 * A request failed. `code` is the API's own, or `unreachable` when no answer came and `garbled` when it was not the API's;
 * `status` is 0 without an answer.
 */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: string;
  readonly path: string | null;
  readonly hint: string | null;
  readonly problems: readonly Problem[];
  /** The versions of a `version_conflict`: the one that the request was made for, and the one that is stored. */
  readonly expected: number | null;
  readonly current: number | null;

  constructor(
    readonly status: number,
    body: ErrorBody,
    /** Seconds after which the server wants to be asked again. */
    readonly retryAfter: number | null = null,
  ) {
    super(body.message);
    this.code = body.code;
    this.path = body.path ?? null;
    this.hint = body.hint ?? null;
    this.problems = body.problems ?? [];
    this.expected = body.expected ?? null;
    this.current = body.current ?? null;
  }
}

/** Make the error of a request that got no answer. */
export function unreachable(): ApiError {
  return new ApiError(0, {
    code: 'unreachable',
    message: 'The server could not be reached.',
    hint: 'Check the connection; nothing was lost on this page.',
  });
}

/** Make the error of an answer that is not the API's: a proxy's page, or a half-sent one. */
export function garbled(status: number): ApiError {
  return new ApiError(status, {
    code: 'garbled',
    message: `The server answered ${status} with something that is not the API's.`,
    hint: 'A proxy in front of the site may have answered, or the site is starting.',
  });
}

/** Read the error out of an answer that is no success. */
export function errorOf(status: number, body: unknown, retryAfter: string | null): ApiError {
  const said = (body as { error?: Partial<ErrorBody> } | null)?.error;
  if (typeof said?.code !== 'string' || typeof said.message !== 'string') return garbled(status);
  const seconds = retryAfter === null ? NaN : Number(retryAfter);
  return new ApiError(status, said as ErrorBody, Number.isFinite(seconds) ? seconds : null);
}
