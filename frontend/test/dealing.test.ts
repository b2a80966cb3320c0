import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { at, BEGAN, events, snapshot } from './frames';
import { watchFakeRun } from './watching';

beforeEach(() => void vi.useFakeTimers({ now: BEGAN }));
afterEach(() => void vi.useRealTimers());

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function takes(ms: number): () => Promise<void> {
  return () => new Promise((resolve) => setTimeout(resolve, ms));
}

describe('acknowledgements', () => {
  it('are sent when the page has dealt with a frame, and not before', async () => {
    const { world } = watchFakeRun({ busy: takes(100) });
    await later(0);
    const socket = world.socket.open();
    socket.frame(snapshot(3));
    socket.frame(events(3, 5));
    await later(99);
    expect(socket.acks).toEqual([]);
    await later(1);
    expect(socket.acks).toEqual([3]);
    await later(100);
    expect(socket.acks).toEqual([3, 5]);
  });
});

describe('a slow page', () => {
  it('gets everything once and in order, and says that it is catching up', async () => {
    const { world, watch, told } = watchFakeRun({ busy: takes(100) });
    await later(0);
    world.socket.open().frame(snapshot(0));
    for (let seq = 0; seq < 20; seq++) world.socket.frame(events(seq, seq + 1));
    await later(500);
    expect(watch.state.state).toBe('catching-up');
    await later(2_000);
    expect(told).toEqual(['snapshot 0', ...Array.from({ length: 20 }, (_, index) => String(index + 1))]);
    expect(watch.state.state).toBe('live');
  });

  it('goes on dealing with what has come while the line is lost and resumed', async () => {
    const { world, told } = watchFakeRun({ busy: takes(1_000) });
    await later(0);
    world.socket.open().frame(snapshot(0));
    world.socket.frame(events(0, 2));
    world.socket.drop();
    await later(500);
    expect(world.socket.url).toContain('after=2');
    world.socket.open().frame(events(2, 3));
    await later(3_000);
    expect(told).toEqual(['snapshot 0', '1', '2', '3']);
  });

  it('is spared more than it can hold: the line closes, and resumes when all is dealt with', async () => {
    const { world, watch, told } = watchFakeRun({ ways: ['sse'], busy: takes(10) });
    await later(0);
    const source = world.source.open();
    source.frame(snapshot(0));
    for (let seq = 0; seq < 100; seq++) source.frame(events(seq, seq + 1));
    expect(source.isClosed).toBe(true);
    expect(watch.state).toMatchObject({ state: 'catching-up', reason: 'behind' });
    await later(2_000);
    expect(world.sources).toHaveLength(2);
    expect(world.source.url).toContain('after=64');
    expect(told).toHaveLength(65);
  });

  it('is not asked for more by polling until it is done', async () => {
    const { world } = watchFakeRun({ ways: ['poll'], busy: takes(60_000) });
    await later(0);
    world.request.answer(snapshot(0));
    await later(60_500);
    expect(world.requests).toHaveLength(1);
    await later(500);
    expect(world.requests).toHaveLength(2);
    expect(world.request.url.search).toBe('?after=0&limit=500');
  });
});

describe('a handler that throws', () => {
  it('is reported, and the state is loaded again', async () => {
    let isBroken = true;
    const { world, watch, told } = watchFakeRun({
      busy(what) {
        if (what === 'events 4' && isBroken) throw new Error('broken');
      },
    });
    await later(0);
    world.socket.open().frame(snapshot(3));
    world.socket.frame(events(3, 4));
    world.socket.frame(events(4, 5));
    await later(0);
    expect(world.reports).toEqual([new Error('broken')]);
    expect(watch.state).toMatchObject({ state: 'reconnecting', reason: 'handler_failed' });
    isBroken = false;
    await later(500);
    expect(world.socket.url).not.toContain('after');
    world.socket.open().frame(snapshot(5));
    await later(0);
    expect(told).toEqual(['snapshot 3', 'snapshot 5']);
  });
});

describe('the server clock', () => {
  it('is estimated from the freshest frame', async () => {
    const { world, watch } = watchFakeRun();
    await later(0);
    expect(watch.serverNow()).toBe(BEGAN);
    world.socket.open().frame({ ...snapshot(0), now: at(100) });
    world.socket.frame({ type: 'ping', now: at(98) });
    expect(watch.serverNow()).toBe(BEGAN + 100_000);
    await later(1_000);
    expect(watch.serverNow()).toBe(BEGAN + 101_000);
  });
});
