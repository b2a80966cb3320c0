import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { at, BEGAN, line, snapshot } from './frames';
import { watchFakeRun } from './watching';

beforeEach(() => void vi.useFakeTimers({ now: BEGAN }));
afterEach(() => void vi.useRealTimers());

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const ids = (lines: { id: number }[]) => lines.map(({ id }) => id);

describe('log lines over a WebSocket', () => {
  async function live() {
    const watched = watchFakeRun();
    watched.watch.setLogs({ on: true, after: 10 });
    await later(0);
    watched.world.socket.open().frame(snapshot(3));
    await later(0);
    return watched;
  }

  it('are asked for when it opens, and again from where they were when it opens anew', async () => {
    const { world, lines } = await live();
    expect(world.socket.sent).toContainEqual({ type: 'logs', on: true, log_after: 10 });
    world.socket.frame({ type: 'logs', lines: [line(11), line(12)], log_after: 12 });
    world.socket.drop();
    await later(500);
    world.socket.open();
    expect(world.socket.sent).toContainEqual({ type: 'logs', on: true, log_after: 12 });
    world.socket.frame({ type: 'logs', lines: [line(12), line(13)], log_after: 13 });
    await later(0);
    expect(ids(lines)).toEqual([11, 12, 13]);
  });

  it('of another selection are asked for when no line of the old one can come any more', async () => {
    const { world, watch, lines } = await live();
    watch.setLogs({ on: true, task: 'b' });
    expect(world.socket.sent.slice(-2)).toEqual([{ type: 'logs', on: false }, { type: 'ping' }]);
    world.socket.frame({ type: 'logs', lines: [line(90, 'b')], log_after: 90 });
    world.socket.frame({ type: 'ping', now: at(0) });
    expect(world.socket.sent.at(-1)).toEqual({ type: 'logs', on: true, log_after: 0, task: 'b' });
    world.socket.frame({ type: 'logs', lines: [line(4, 'b'), line(5, 'a'), line(90, 'b')], log_after: 90 });
    await later(0);
    expect(ids(lines)).toEqual([4, 90]);
  });

  it('are asked for after 2 s even if no ping is answered', async () => {
    const { world, watch } = await live();
    watch.setLogs({ on: true, task: 'b' });
    await later(2_000);
    expect(world.socket.sent.at(-1)).toMatchObject({ type: 'logs', on: true, task: 'b' });
  });

  it('end when they are turned off', async () => {
    const { world, watch, lines } = await live();
    watch.setLogs({ on: false });
    world.socket.frame({ type: 'logs', lines: [line(11)], log_after: 11 });
    world.socket.frame({ type: 'ping', now: at(0) });
    world.socket.frame({ type: 'logs', lines: [line(12)], log_after: 12 });
    await later(0);
    expect(lines).toEqual([]);
    expect(world.socket.sent.at(-1)).toEqual({ type: 'ping' });
  });
});

describe('log lines over the log endpoint', () => {
  async function live() {
    const watched = watchFakeRun({ ways: ['sse'] });
    watched.watch.setLogs({ on: true });
    await later(0);
    watched.world.source.open().frame(snapshot(3));
    await later(0);
    return watched;
  }

  it('are fetched once a second, each once', async () => {
    const { world, lines } = await live();
    expect(world.request.url.href).toBe('https://host.example/api/v1/runs/r1/logs?after=0&limit=500');
    world.request.answer({ items: [line(1), line(2)], next: 2 });
    await later(1_000);
    expect(world.request.url.searchParams.get('after')).toBe('2');
    world.request.answer({ items: [], next: null });
    await later(1_000);
    expect(world.request.url.searchParams.get('after')).toBe('2');
    world.request.answer({ items: [line(2), line(3)], next: 3 });
    await later(0);
    expect(ids(lines)).toEqual([1, 2, 3]);
  });

  it('are fetched at once when there are more', async () => {
    const { world } = await live();
    const items = Array.from({ length: 500 }, (_, index) => line(index + 1));
    world.request.answer({ items, next: 500 });
    await later(0);
    expect(world.request.url.searchParams.get('after')).toBe('500');
  });

  it('are tried again, more and more slowly, when the endpoint fails', async () => {
    const { world } = await live();
    const pauses: number[] = [];
    for (let round = 0; round < 6; round++) {
      world.request.answer({}, 500);
      world.source.frame({ type: 'ping', now: at(0) });
      const asked = world.requests.length;
      const began = Date.now();
      while (world.requests.length === asked) await later(125);
      pauses.push(Date.now() - began);
    }
    expect(pauses).toEqual([1000, 1000, 1500, 3000, 6000, 11250]);
  });

  it('of another task replace them, and a late answer to the old question is dropped', async () => {
    const { world, watch, lines } = await live();
    const old = world.request;
    watch.setLogs({ on: true, task: 'b' });
    expect(world.request.url.searchParams.get('task')).toBe('b');
    old.answer({ items: [line(1)], next: 1 });
    world.request.answer({ items: [line(7, 'b')], next: 7 });
    await later(0);
    expect(ids(lines)).toEqual([7]);
  });

  it('wait while there is no line', async () => {
    const { world } = await live();
    world.source.drop();
    const before = world.requests.length;
    await later(300);
    expect(world.requests).toHaveLength(before);
  });
});

describe('log lines of a run that ends', () => {
  it('are fetched to the last before the end is told', async () => {
    const { world, watch, told, lines } = watchFakeRun();
    watch.setLogs({ on: true });
    await later(0);
    world.socket.open().frame(snapshot(3));
    world.socket.frame({ type: 'end', status: 'failed', seq: 3 });
    await later(0);
    expect(told).toEqual(['snapshot 3']);
    world.request.answer({ items: [line(1)], next: 1 });
    await later(0);
    expect(ids(lines)).toEqual([1]);
    expect(told).toEqual(['snapshot 3', 'end']);
    expect(watch.state.state).toBe('ended');
  });

  it('do not keep the end back when they can’t be had', async () => {
    const { world, watch } = watchFakeRun();
    watch.setLogs({ on: true });
    await later(0);
    world.socket.open().frame(snapshot(3));
    world.socket.frame({ type: 'end', status: 'failed', seq: 3 });
    for (let round = 0; round < 3; round++) {
      await later(0);
      world.request.fail();
    }
    await later(0);
    expect(watch.state.state).toBe('ended');
  });

  it('can be asked for when it has ended', async () => {
    const { world, watch, lines } = watchFakeRun();
    await later(0);
    world.socket.open().frame(snapshot(3));
    world.socket.frame({ type: 'end', status: 'failed', seq: 3 });
    await later(0);
    expect(world.requests).toHaveLength(0);
    watch.setLogs({ on: true, task: 'a' });
    world.request.answer({ items: [line(1), line(2)], next: 2 });
    await later(10_000);
    expect(ids(lines)).toEqual([1, 2]);
    expect(world.requests).toHaveLength(1);
    expect(watch.state.state).toBe('ended');
  });
});
