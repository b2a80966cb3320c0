/** The client against a real server on this machine. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ApiError, createApi, eachPage, type Api } from '../../src/core/api';
import { BootError, readBoot } from '../../src/core/boot';

interface Heard {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}

type Answer = (request: Heard, response: ServerResponse) => void;

let server: Server;
let heard: Heard[];
let waited: number[];
let answers: Answer[];
let api: Api;

function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };
}

const refusal = (status: number, error: object, headers = {}): Answer => json(status, { error }, headers);

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const part of request) text += String(part);
  return text === '' ? undefined : JSON.parse(text);
}

async function hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const one: Heard = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: await readBody(request) };
  heard.push(one);
  (answers.length > 1 ? answers.shift()! : answers[0]!)(one, response);
}

beforeEach(async () => {
  heard = [];
  waited = [];
  answers = [json(200, {})];
  server = createServer((request, response) => void hear(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const pause = async (milliseconds: number, signal?: AbortSignal) => {
    signal?.throwIfAborted();
    waited.push(milliseconds);
  };
  api = createApi({ apiBase: `http://127.0.0.1:${port}/api/v1/`, csrf: 'token' }, { pause, random: () => 0.5 });
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const failing = async (asked: Promise<unknown>): Promise<ApiError> => {
  const error = await asked.then(
    () => null,
    (caught: unknown) => caught,
  );
  if (!(error instanceof ApiError)) throw new Error('no ApiError was thrown', { cause: error });
  return error;
};

describe('requests', () => {
  it('a list has its filters in the address', async () => {
    await api.runs.list({ status: ['failed', 'cancelled'], q: 'a b', limit: 10 });
    expect(heard[0]).toMatchObject({ method: 'GET', url: '/api/v1/runs?status=failed&status=cancelled&q=a+b&limit=10' });
    expect(heard[0]!.headers['x-csrftoken']).toBeUndefined();
  });

  it('a save says which version it changes, and carries the token', async () => {
    await api.trees.save('t/1', { a: 1 }, 'why', { ifMatch: 7, draft: true });
    expect(heard[0]).toMatchObject({ method: 'PUT', url: '/api/v1/trees/t%2F1?draft=true', body: { definition: { a: 1 }, message: 'why' } });
    expect(heard[0]!.headers).toMatchObject({ 'if-match': '"7"', 'x-csrftoken': 'token', 'content-type': 'application/json' });
  });

  it('a start has its key', async () => {
    await api.trees.run('t', { parameters: { day: 1 }, only: { mode: 'up_to', task: 'x', reuse_run: null } }, 'key-1');
    expect(heard[0]!.headers['idempotency-key']).toBe('key-1');
    expect(heard[0]!.body).toEqual({ parameters: { day: 1 }, only: { mode: 'up_to', task: 'x', reuse_run: null } });
  });

  it('an empty answer is undefined', async () => {
    answers = [(_, response) => response.writeHead(204).end()];
    expect(await api.trees.delete('t')).toBeUndefined();
  });

  it('addresses for links are whole', () => {
    expect(api.trees.exportUrl('t 1')).toMatch(/\/api\/v1\/trees\/t%201\/export$/);
    expect(api.runs.logUrl('r', { task: 'x' })).toMatch(/\/runs\/r\/logs\?task=x&format=text$/);
  });

  it('pages follow each other to the end', async () => {
    answers = [json(200, { items: [1, 2], next: 'c2' }), json(200, { items: [3], next: null })];
    const pages: unknown[] = [];
    for await (const items of eachPage(api.client, '/runs', { limit: 2 })) pages.push(items);
    expect(pages).toEqual([[1, 2], [3]]);
    expect(heard.map(({ url }) => url)).toEqual(['/api/v1/runs?limit=2', '/api/v1/runs?limit=2&cursor=c2']);
  });
});

describe('errors', () => {
  it('carry everything that the server said', async () => {
    answers = [refusal(409, { code: 'version_conflict', message: 'It changed', expected: 7, current: 8, hint: 'Merge', path: '$' })];
    const error = await failing(api.trees.save('t', {}, '', { ifMatch: 7 }));
    expect(error).toMatchObject({ status: 409, code: 'version_conflict', message: 'It changed', expected: 7, current: 8, hint: 'Merge', path: '$' });
  });

  it('list all problems', async () => {
    const problems = [{ path: '$.tasks[0].priority', message: 'must be at most 3' }];
    answers = [refusal(422, { code: 'invalid', message: 'One thing is wrong', problems })];
    expect((await failing(api.trees.create({}))).problems).toEqual(problems);
  });

  it('what is not the API is told apart', async () => {
    answers = [(_, response) => response.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>nginx</h1>')];
    expect(await failing(api.me())).toMatchObject({ code: 'garbled', status: 404 });
    answers = [json(400, { detail: 'no' })];
    expect(await failing(api.me())).toMatchObject({ code: 'garbled', status: 400 });
  });

  it('a server that is away is unreachable', async () => {
    answers = [(_, response) => response.destroy()];
    expect(await failing(api.trees.create({}))).toMatchObject({ code: 'unreachable', status: 0 });
    expect(heard).toHaveLength(1);
  });

  it('an answer that breaks off is unreachable too', async () => {
    answers = [
      (_, response) => {
        response.writeHead(200, { 'Content-Length': '100' });
        response.write('{"a"');
        response.socket?.destroy();
      },
    ];
    expect(await failing(api.trees.create({}))).toMatchObject({ code: 'unreachable' });
  });
});

describe('trying again', () => {
  it('a GET is asked again until it works', async () => {
    answers = [(_, response) => response.destroy(), refusal(503, { code: 'database_away', message: 'Away' }, { 'Retry-After': '2' }), json(200, { username: 'ada' })];
    expect(await api.me()).toEqual({ username: 'ada' });
    expect(waited).toEqual([300, 2000]);
  });

  it('waits longer each time, and gives up', async () => {
    answers = [refusal(503, { code: 'database_away', message: 'Away' })];
    expect(await failing(api.me())).toMatchObject({ code: 'database_away' });
    expect(waited).toEqual([300, 600, 1200]);
  });

  it.each([
    ['POST', () => api.trees.copy('t', 'x')],
    ['PUT', () => api.trees.save('t', {}, '', { ifMatch: '*' })],
    ['DELETE', () => api.trees.delete('t')],
  ])('a %s is never sent twice', async (_, ask) => {
    answers = [refusal(503, { code: 'database_away', message: 'Away' }, { 'Retry-After': '1' })];
    expect(await failing(ask())).toMatchObject({ status: 503, retryAfter: 1 });
    expect(heard).toHaveLength(1);
  });

  it('what will not pass is not asked again', async () => {
    answers = [refusal(404, { code: 'not_found', message: 'No such run' })];
    await failing(api.runs.get('x'));
    expect(heard).toHaveLength(1);
  });
});

describe('aborting', () => {
  it('ends a request with the reason of the signal', async () => {
    const stop = new AbortController();
    answers = [() => stop.abort(new Error('left the page'))];
    await expect(api.runs.get('x', { signal: stop.signal })).rejects.toThrow('left the page');
    expect(waited).toEqual([]);
  });

  it('ends the waiting too', async () => {
    const stop = new AbortController();
    answers = [
      (request, response) => {
        stop.abort(new Error('left the page'));
        refusal(503, { code: 'database_away', message: 'Away' })(request, response);
      },
    ];
    await expect(api.me({ signal: stop.signal })).rejects.toThrow('left the page');
  });
});

describe('boot', () => {
  const page = (text: string | null) => ({ getElementById: () => (text === null ? null : ({ textContent: text } as HTMLElement)) });
  const whole = { apiBase: '/api/v1/', wsPath: '/ws/', csrf: 'x', user: 'ada', locale: 'en' };

  it('is read and filled up', () => {
    expect(readBoot(page(JSON.stringify({ ...whole, treeId: 't', permissions: ['edit'] })))).toMatchObject({ treeId: 't', runId: null, permissions: ['edit'], schemaVersion: 0 });
  });

  it.each([null, '', '{', '[]', 'null', '{"apiBase": "/api/v1/"}'])('%s is refused in words', (text) => {
    expect(() => readBoot(page(text))).toThrow(BootError);
  });
});
