import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { at, BEGAN, events, snapshot } from './frames';
import { watchFakeRun, type Watched } from './watching';

beforeEach(() => void vi.useFakeTimers({ now: BEGAN }));
afterEach(() => void vi.useRealTimers());

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** Two WebSockets that can't be opened. */
async function onSSE(): Promise<Watched> {
  const watched = watchFakeRun();
  await later(0);
  watched.world.socket.drop();
  await later(500);
  watched.world.socket.drop();
  await later(0);
  return watched;
}

/** Then two event sources too. */
async function onPolling(): Promise<Watched> {
  const watched = await onSSE();
  watched.world.source.drop();
  await later(1_000);
  watched.world.source.drop();
  await later(0);
  return watched;
}

describe('falling back', () => {
  it('goes to SSE at once when a WebSocket could not be opened twice', async () => {
    const { world, watch } = await onSSE();
    expect(world.sockets).toHaveLength(2);
    expect(world.source.url).toBe('https://host.example/api/v1/runs/r1/events');
    expect(watch.state).toMatchObject({ way: 'sse', reason: 'unreachable' });
    world.source.open().frame(snapshot(3));
    await later(0);
    expect(watch.state).toMatchObject({ state: 'live', way: 'sse', reason: null });
  });

  it('counts a WebSocket that opens and brings nothing within 5 s', async () => {
    const { world, watch } = watchFakeRun();
    await later(0);
    const first = world.socket.open();
    await later(5_000);
    expect(first.isClosed).toBe(true);
    await later(500);
    world.socket.open();
    await later(5_000);
    expect(world.sockets).toHaveLength(2);
    expect(watch.state.way).toBe('sse');
  });

  it('counts a WebSocket that neither opens nor fails within 10 s', async () => {
    const { world } = watchFakeRun();
    await later(9_999);
    expect(world.socket.isClosed).toBe(false);
    await later(1);
    expect(world.sockets[0]!.isClosed).toBe(true);
  });

  it('does not count failures that are not in a row', async () => {
    const { world, watch } = watchFakeRun();
    await later(0);
    world.socket.drop();
    await later(500);
    world.socket.open().frame(snapshot(3));
    world.socket.drop();
    await later(1_000);
    world.socket.drop();
    expect(watch.state.state).toBe('reconnecting');
    expect(world.sources).toHaveLength(0);
  });

  it('waits longer for an event source that may have nothing to say', async () => {
    const { world } = await onSSE();
    world.source.open().frame(snapshot(3));
    world.source.drop();
    await later(1_000);
    const second = world.source.open();
    expect(second.url).toContain('?after=3');
    await later(19_999);
    expect(second.isClosed).toBe(false);
    await later(1);
    expect(second.isClosed).toBe(true);
  });

  it('goes to polling when SSE fails twice, and polls once a second', async () => {
    const { world, watch, told } = await onPolling();
    expect(world.sources).toHaveLength(2);
    expect(world.requests).toHaveLength(1);
    expect(world.request.url.href).toBe('https://host.example/api/v1/runs/r1/events?limit=500');
    world.request.answer(snapshot(3));
    await later(999);
    expect(watch.state).toMatchObject({ state: 'live', way: 'poll' });
    expect(world.requests).toHaveLength(1);
    await later(1);
    expect(world.request.url.search).toBe('?after=3&limit=500');
    world.request.answer(events(3, 5));
    await later(1_000);
    world.request.answer({ type: 'end', status: 'completed', seq: 5 });
    await later(10_000);
    expect(told).toEqual(['snapshot 3', '4', '5', 'end']);
    expect(world.requests).toHaveLength(3);
    expect(watch.state.state).toBe('ended');
  });

  it('asks again at once after a full answer, and says that it is catching up', async () => {
    const { world, watch } = await onPolling();
    world.request.answer(snapshot(0));
    await later(1_000);
    world.request.answer(events(0, 500));
    await later(0);
    expect(world.requests).toHaveLength(3);
    expect(watch.state.state).toBe('catching-up');
    world.request.answer(events(500, 501));
    await later(0);
    expect(watch.state.state).toBe('live');
  });

  it.each([
    [401, 'signed_out'],
    [403, 'signed_out'],
    [404, 'not_found'],
    [400, 'bad_message'],
  ])('stays away after a poll was answered with %i', async (status, reason) => {
    const { world, watch } = await onPolling();
    world.request.answer({ error: { code: 'x', message: 'because', path: null, hint: null } }, status);
    await later(600_000);
    expect(watch.state).toMatchObject({ state: 'refused', reason, detail: 'because' });
    expect(world.requests).toHaveLength(1);
  });

  it('tries again in a minute after a poll was answered with 429', async () => {
    const { world, watch } = await onPolling();
    world.request.answer({}, 429);
    await later(0);
    expect(watch.state.retryAt).toBe(Date.now() + 63_000);
  });

  it('begins with the best way again when the last fails too: then it is the server that is away', async () => {
    const { world, watch } = await onPolling();
    for (let round = 0; round < 3; round++) {
      expect(watch.state.way).toBe('poll');
      world.request.fail();
      await later(15_000);
    }
    expect(watch.state.way).toBe('websocket');
  });

  it('leaves out what the browser does not have', async () => {
    const { world, watch } = watchFakeRun({ ways: ['poll'] });
    await later(0);
    expect(watch.state.way).toBe('poll');
    expect(world.sockets).toHaveLength(0);
  });

  it('goes on where an address is refused outright', async () => {
    const { watch } = watchFakeRun({
      environment: {
        WebSocket: class {
          constructor() {
            throw new SyntaxError('not allowed');
          }
        } as never,
        EventSource: null,
      },
    });
    await later(600);
    expect(watch.state).toMatchObject({ way: 'poll', reason: 'unreachable', detail: 'not allowed' });
    watch.stop();
  });
});

describe('the way back up', () => {
  it('is tried after a minute, while the lower way goes on until the better one has brought a frame', async () => {
    const { world, watch, told } = await onSSE();
    const source = world.source.open();
    source.frame(snapshot(3));
    await alive(source, 60_000);
    expect(world.sockets).toHaveLength(3);
    expect(world.socket.url).toContain('after=3');
    world.socket.open();
    source.frame(events(3, 5));
    expect(source.isClosed).toBe(false);
    world.socket.frame(events(3, 6));
    expect(source.isClosed).toBe(true);
    source.frame(events(5, 6));
    await later(0);
    expect(told).toEqual(['snapshot 3', '4', '5', '6']);
    expect(watch.state).toMatchObject({ state: 'live', way: 'websocket' });
    expect(world.socket.acks).toEqual([5, 6]);
  });

  it('does not step back to a snapshot that is older than what came the other way', async () => {
    const { world, told } = await onSSE();
    const source = world.source.open();
    source.frame(snapshot(3));
    await alive(source, 60_000);
    world.socket.open();
    source.frame(events(3, 5));
    world.socket.frame(snapshot(4));
    world.socket.frame(events(4, 6));
    await later(0);
    expect(told).toEqual(['snapshot 3', '4', '5', '6']);
  });

  it('is tried again after 2, then 4 minutes when it fails, and nothing is lost', async () => {
    const { world, watch } = await onSSE();
    const source = world.source.open();
    source.frame(snapshot(3));
    await alive(source, 60_000);
    world.socket.drop();
    await alive(source, 119_000);
    expect(world.sockets).toHaveLength(3);
    await alive(source, 1_000);
    expect(world.sockets).toHaveLength(4);
    world.socket.drop(4429);
    await alive(source, 240_000);
    expect(world.sockets).toHaveLength(5);
    expect(source.isClosed).toBe(false);
    expect(watch.state).toMatchObject({ state: 'live', way: 'sse' });
  });

  it('leads from polling to whichever better way works', async () => {
    const { world, watch } = await onPolling();
    for (let second = 0; second < 60; second++) {
      world.request.answer({ ...events(0, 0), ...(second ? {} : snapshot(0)) });
      await later(1_000);
    }
    world.socket.drop();
    expect(world.sources).toHaveLength(3);
    world.source.open().frame({ type: 'ping', now: at(1) });
    await later(5_000);
    expect(watch.state).toMatchObject({ state: 'live', way: 'sse' });
    const polls = world.requests.length;
    await later(5_000);
    expect(world.requests).toHaveLength(polls);
  });

  async function alive(source: { frame(frame: { type: 'ping'; now: string }): void }, ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      source.frame({ type: 'ping', now: at(0) });
      await later(1_000);
    }
  }
});
