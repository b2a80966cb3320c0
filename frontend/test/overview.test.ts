import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchOverview, type OverviewFrame } from '../src/core/live';
import { at, BEGAN } from './frames';
import { World } from './world';

beforeEach(() => void vi.useFakeTimers({ now: BEGAN }));
afterEach(() => void vi.useRealTimers());

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function frame(running: number): OverviewFrame {
  return { type: 'overview', now: at(0), counts: { in_progress: running }, active: [], workers: [] };
}

function watchFake() {
  const world = new World();
  const seen: (number | undefined)[] = [];
  const site = { apiBase: '/p/api/v1/', wsPath: '/p/ws/', origin: 'http://host.example/p/' };
  const watch = watchOverview(
    { ...site, environment: world.environment() },
    { onOverview: ({ counts }) => void seen.push(counts.in_progress) },
  );
  return { world, watch, seen };
}

it('hands each overview over', async () => {
  const { world, watch, seen } = watchFake();
  await later(0);
  expect(world.socket.url).toBe('ws://host.example/p/ws/overview/');
  world.socket.open().frame(frame(1));
  world.socket.frame(frame(2));
  await later(0);
  expect(seen).toEqual([1, 2]);
  expect(watch.state).toMatchObject({ state: 'live', way: 'websocket' });
});

it('falls back to SSE and polling at the one address', async () => {
  const { world, watch, seen } = watchFake();
  await later(0);
  world.socket.drop();
  await later(500);
  world.socket.drop();
  expect(world.source.url).toBe('http://host.example/p/api/v1/overview');
  world.source.drop();
  await later(1_000);
  world.source.drop();
  expect(world.request.url.href).toBe('http://host.example/p/api/v1/overview');
  world.request.answer(frame(3));
  await later(0);
  expect(seen).toEqual([3]);
  expect(watch.state).toMatchObject({ state: 'live', way: 'poll' });
  watch.stop();
});
