import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { at, BEGAN, events, snapshot } from './frames';
import { watchFakeRun } from './watching';

beforeEach(() => void vi.useFakeTimers({ now: BEGAN }));
afterEach(() => void vi.useRealTimers());

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

async function live() {
  const watched = watchFakeRun({ ways: ['websocket'] });
  await later(0);
  watched.world.socket.open().frame(snapshot(3));
  await later(0);
  return watched;
}

describe('the pause before a new line', () => {
  it.each([
    [0, [250, 500, 1000, 2000, 4000, 7500, 7500]],
    [0.999_999, [500, 1000, 2000, 4000, 8000, 15000, 15000]],
  ])('doubles to 15 s and is jittered (chance %f)', async (chance, pauses) => {
    const { world, watch } = watchFakeRun({ ways: ['websocket'] });
    world.chance = chance;
    await later(0);
    const seen: number[] = [];
    for (let round = 0; round < pauses.length; round++) {
      world.socket.drop();
      const pause = Math.round(watch.state.retryAt! - Date.now());
      seen.push(pause);
      await later(pause);
    }
    expect(seen).toEqual(pauses);
  });

  it('is short again after 10 s of health, and not before', async () => {
    const { world, watch } = await live();
    world.socket.drop();
    expect(watch.state.retryAt! - Date.now()).toBe(375);
    await later(375);
    world.socket.open().frame(events(3, 4));
    await later(9_999);
    world.socket.drop();
    expect(watch.state.retryAt! - Date.now()).toBe(750);
    await later(750);
    world.socket.open().frame(events(4, 5));
    await later(10_000);
    world.socket.drop();
    expect(watch.state.retryAt! - Date.now()).toBe(375);
  });

  it('is cut short by retry', async () => {
    const { world, watch } = await live();
    world.socket.drop();
    watch.retry();
    expect(world.sockets).toHaveLength(2);
    watch.retry();
    await later(375);
    expect(world.sockets).toHaveLength(2);
  });
});

describe('a line that falls silent', () => {
  it('is given up after 40 s', async () => {
    const { world, watch } = await live();
    await later(39_999);
    expect(watch.state.state).toBe('live');
    await later(1);
    expect(watch.state).toMatchObject({ state: 'reconnecting', reason: 'silent' });
    expect(world.sockets[0]!.isClosed).toBe(true);
    await later(375);
    expect(world.socket.url).toContain('after=3');
  });

  it('is kept while anything comes', async () => {
    const { world, watch } = await live();
    for (let round = 0; round < 10; round++) {
      await later(39_000);
      world.socket.frame({ type: 'ping', now: at(0) });
    }
    expect(watch.state).toMatchObject({ state: 'live', lastFrameAt: Date.now() });
    expect(world.sockets).toHaveLength(1);
  });
});

describe('signals of the page', () => {
  it('coming back on line reconnects at once', async () => {
    const { world, watch } = await live();
    world.isOnline = false;
    world.socket.drop();
    world.signal();
    expect(watch.state).toMatchObject({ state: 'offline' });
    world.isOnline = true;
    world.signal();
    expect(world.sockets).toHaveLength(2);
    expect(watch.state.state).toBe('reconnecting');
  });

  it('being off line does not end a line that works: the server may be this machine', async () => {
    const { world, watch } = await live();
    world.isOnline = false;
    world.signal();
    world.socket.frame({ type: 'ping', now: at(0) });
    await later(30_000);
    expect(watch.state.state).toBe('live');
  });

  it('being seen again asks for a sign of life within 5 s', async () => {
    const { world, watch } = await live();
    world.signal();
    expect(world.socket.sent.at(-1)).toEqual({ type: 'ping' });
    await later(5_000);
    expect(watch.state).toMatchObject({ state: 'reconnecting', reason: 'silent' });
  });

  it('being seen again after the machine has slept gives a silent line up at once', async () => {
    const { world, watch } = await live();
    vi.setSystemTime(Date.now() + 3_600_000);
    world.signal();
    expect(watch.state).toMatchObject({ state: 'reconnecting', reason: 'silent' });
  });

  it('being hidden leaves the pause as it is', async () => {
    const { world } = await live();
    world.socket.drop();
    world.isVisible = false;
    world.signal();
    expect(world.sockets).toHaveLength(1);
  });

  it('do not shorten the minute that the server has asked for', async () => {
    const { world } = await live();
    world.socket.drop(4429);
    world.signal();
    expect(world.sockets).toHaveLength(1);
  });
});

describe('the state', () => {
  it('says since when it is so', async () => {
    const { world, watch } = await live();
    await later(7_000);
    world.socket.frame(events(3, 4));
    await later(0);
    expect(watch.state.since).toBe(BEGAN);
    world.socket.drop();
    expect(watch.state.since).toBe(BEGAN + 7_000);
  });
});
