import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { at, BEGAN, event, events, snapshot } from './frames';
import { watchFakeRun } from './watching';

beforeEach(() => void vi.useFakeTimers({ now: BEGAN }));
afterEach(() => void vi.useRealTimers());

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

async function live() {
  const watched = watchFakeRun();
  await later(0);
  watched.world.socket.open().frame(snapshot(3));
  await later(0);
  return watched;
}

describe('a WebSocket', () => {
  it('brings a snapshot and then events, and is live', async () => {
    const { world, watch, told, states } = await live();
    world.socket.frame(events(3, 5));
    await later(0);
    expect(world.socket.url).toBe('wss://host.example/ws/runs/r1/');
    expect(told).toEqual(['snapshot 3', '4', '5']);
    expect(watch.cursor).toBe(5);
    expect(watch.state).toMatchObject({ state: 'live', way: 'websocket', reason: null, retryAt: null });
    expect(states.map((state) => state.state)).toEqual(['connecting', 'catching-up', 'live']);
  });

  it('is asked for the path under a prefix', async () => {
    const { world } = watchFakeRun({ wsPath: '/tasks/ws', origin: 'http://host.example/page', runId: 'a b', after: 7 });
    await later(0);
    expect(world.socket.url).toBe('ws://host.example/tasks/ws/runs/a%20b/?after=7');
  });

  it('asks for a sign of life when it opens, since there may be nothing to send', async () => {
    const { world } = await live();
    expect(world.socket.sent[0]).toEqual({ type: 'ping' });
  });

  it('resumes behind the last event', async () => {
    const { world, watch, told } = await live();
    world.socket.frame(events(3, 5));
    world.socket.drop();
    expect(watch.state).toMatchObject({ state: 'reconnecting', way: null, reason: 'lost' });
    await later(500);
    expect(world.sockets).toHaveLength(2);
    expect(world.socket.url).toContain('?after=5');
    world.socket.open().frame(events(5, 6));
    await later(0);
    expect(told).toEqual(['snapshot 3', '4', '5', '6']);
    expect(watch.state.state).toBe('live');
  });

  it('is live again after a resume when nothing has happened', async () => {
    const { world, watch } = await live();
    world.socket.drop();
    await later(500);
    world.socket.open().frame({ type: 'ping', now: at(9) });
    await later(0);
    expect(watch.state.state).toBe('live');
  });

  it('never hands an event over twice', async () => {
    const { world, told } = await live();
    world.socket.frame(events(3, 5));
    world.socket.frame(events(3, 5));
    world.socket.frame(events(2, 4));
    world.socket.frame(events(4, 7));
    await later(0);
    expect(told).toEqual(['snapshot 3', '4', '5', '6', '7']);
  });

  it.each([
    ['between frames', events(4, 5)],
    ['in a frame', { ...events(3, 6), events: [event(4, 'x'), event(6, 'x')] }],
    ['at the end of a frame', { ...events(3, 6), events: [event(4, 'x')] }],
  ])('asks for a snapshot after a hole %s', async (_where, frame) => {
    const { world, watch, told } = await live();
    const [first] = world.sockets;
    world.socket.frame(frame);
    expect(first!.isClosed).toBe(true);
    expect(watch.state.reason).toBe('hole');
    await later(500);
    expect(world.socket.url).not.toContain('after');
    world.socket.open().frame(snapshot(8));
    world.socket.frame(events(8, 9));
    await later(0);
    expect(told).toEqual(['snapshot 3', 'snapshot 8', '9']);
  });

  it('takes a fresh snapshot over while it is connected', async () => {
    const { world, told } = await live();
    world.socket.frame(snapshot(900));
    world.socket.frame(events(900, 901));
    await later(0);
    expect(told).toEqual(['snapshot 3', 'snapshot 900', '901']);
  });

  it('ignores frames of a type that it does not know', async () => {
    const { world, watch } = await live();
    world.socket.text('{"type": "weather"}');
    await later(0);
    expect(watch.state.state).toBe('live');
  });

  it('reconnects when the server sends no JSON', async () => {
    const { world, watch } = await live();
    world.socket.text('<html>');
    expect(watch.state).toMatchObject({ state: 'reconnecting', reason: 'server_error' });
  });

  it('hears nothing any more after stop', async () => {
    const { world, watch, told } = await live();
    world.socket.frame(events(3, 4));
    watch.stop();
    world.socket.frame(events(4, 5));
    await later(120_000);
    expect(told).toEqual(['snapshot 3']);
    expect(world.socket.isClosed).toBe(true);
    expect(world.sockets).toHaveLength(1);
    expect(world.isListenedTo).toBe(false);
  });
});

describe('the end', () => {
  it('is told after everything else, and nothing is opened again', async () => {
    const { world, watch, told, states } = await live();
    world.socket.frame(events(3, 4));
    world.socket.frame({ type: 'end', status: 'completed', seq: 4 });
    world.socket.drop(1000);
    await later(120_000);
    expect(told).toEqual(['snapshot 3', '4', 'end']);
    expect(watch.state).toMatchObject({ state: 'ended', way: null });
    expect(states.at(-1)).toEqual({ ...watch.state, lastFrameAt: states.at(-1)!.lastFrameAt });
    expect(world.sockets).toHaveLength(1);
    expect(world.isListenedTo).toBe(false);
  });

  it('is not believed while events are missing', async () => {
    const { world, told } = await live();
    world.socket.frame({ type: 'end', status: 'completed', seq: 9 });
    await later(500);
    expect(told).toEqual(['snapshot 3']);
    expect(world.socket.url).not.toContain('after');
  });
});

describe('close codes', () => {
  it.each([
    [1001, 'restarting'],
    [1006, 'lost'],
    [1011, 'server_error'],
    [1012, 'restarting'],
    [1000, 'lost'],
  ])('%i: comes back with the cursor', async (code, reason) => {
    const { world, watch } = await live();
    world.socket.drop(code);
    expect(watch.state).toMatchObject({ state: 'reconnecting', reason });
    await later(500);
    expect(world.socket.url).toContain('after=3');
  });

  it.each([
    [4400, 'bad_message'],
    [4401, 'signed_out'],
    [4404, 'not_found'],
  ])('%i: stays away until it is told to try again', async (code, reason) => {
    const { world, watch } = await live();
    world.socket.drop(code, 'because');
    expect(watch.state).toMatchObject({ state: 'refused', reason, detail: 'because', retryAt: null });
    await later(600_000);
    expect(world.sockets).toHaveLength(1);
    watch.retry();
    expect(world.sockets).toHaveLength(2);
  });

  it('4429: tries again in a minute', async () => {
    const { world, watch } = await live();
    world.socket.drop(4429);
    expect(watch.state).toMatchObject({ state: 'reconnecting', reason: 'too_many_streams' });
    expect(watch.state.retryAt).toBe(Date.now() + 63_000);
    await later(62_999);
    expect(world.sockets).toHaveLength(1);
    await later(1);
    expect(world.sockets).toHaveLength(2);
  });

  it('repeats what an error frame said', async () => {
    const { world, watch } = await live();
    world.socket.frame({ type: 'error', error: { code: 'not_found', message: 'There is no such run' } });
    world.socket.drop(4404);
    expect(watch.state.detail).toBe('There is no such run');
  });
});
