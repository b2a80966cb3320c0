/** Requests to the API: JSON both ways, the session's cookie, errors as `ApiError`, and GETs tried again. */

import { delayBefore, isWorthRetrying, pause, TRIES } from './again';
import { errorOf, garbled, unreachable } from './errors';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Query = Readonly<Record<string, string | number | boolean | null | undefined | readonly string[]>>;

export interface Options {
  signal?: AbortSignal;
}

export interface Request extends Options {
  query?: Query;
  body?: unknown;
  /** The version that is changed; `'*'` for whatever it is. */
  ifMatch?: number | '*';
  /** Makes that a start which is sent twice happens once. */
  idempotencyKey?: string;
  /** Goes out although the page is being left. */
  keepalive?: boolean;
}

export interface Site {
  readonly apiBase: string;
  readonly csrf: string;
}

export interface Environment {
  fetch: typeof fetch;
  random(): number;
  pause(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export class Client {
  private readonly environment: Environment;

  constructor(
    private readonly site: Site,
    environment: Partial<Environment> = {},
  ) {
    this.environment = { fetch: (...given) => fetch(...given), random: Math.random, pause, ...environment };
  }

  /** The address of something, for a link or a download. */
  url(path: string, query: Query = {}): string {
    const search = searchOf(query);
    return this.site.apiBase.replace(/\/$/, '') + path + (search ? `?${search}` : '');
  }

  get<T>(path: string, query: Query = {}, options: Options = {}): Promise<T> {
    return this.send<T>('GET', path, { ...options, query });
  }

  /**
   * Send a request and return what the answer holds; undefined when it is empty.
   *
   * Throws `ApiError`, or the signal's reason once it is aborted. Only a GET is tried again: whether a write that got no answer
   * was carried out can't be known.
   */
  async send<T>(method: Method, path: string, request: Request = {}): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await this.once(method, path, request)) as T;
      } catch (error) {
        if (method !== 'GET' || attempt >= TRIES || !isWorthRetrying(error)) throw error;
        await this.environment.pause(delayBefore(attempt, error, this.environment.random), request.signal);
      }
    }
  }

  private async once(method: Method, path: string, request: Request): Promise<unknown> {
    const response = await this.fetch(method, path, request);
    const text = await readText(response, request.signal);
    const body = parse(text, response);
    if (!response.ok) throw errorOf(response.status, body, response.headers.get('Retry-After'));
    return body;
  }

  private async fetch(method: Method, path: string, request: Request): Promise<Response> {
    const init: RequestInit = { method, credentials: 'same-origin', cache: 'no-store', headers: this.headers(method, request) };
    if (request.body !== undefined) init.body = JSON.stringify(request.body);
    if (request.signal) init.signal = request.signal;
    if (request.keepalive) init.keepalive = true;
    try {
      return await this.environment.fetch(this.url(path, request.query), init);
    } catch {
      request.signal?.throwIfAborted();
      throw unreachable();
    }
  }

  private headers(method: Method, request: Request): Record<string, string> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (method !== 'GET') headers['X-CSRFToken'] = this.site.csrf;
    if (request.body !== undefined) headers['Content-Type'] = 'application/json';
    if (request.ifMatch !== undefined) headers['If-Match'] = request.ifMatch === '*' ? '*' : `"${request.ifMatch}"`;
    if (request.idempotencyKey !== undefined) headers['Idempotency-Key'] = request.idempotencyKey;
    return headers;
  }
}

function searchOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  return search.toString();
}

async function readText(response: Response, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await response.text();
  } catch {
    signal?.throwIfAborted();
    throw unreachable();
  }
}

function parse(text: string, response: Response): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw garbled(response.status);
  }
}
