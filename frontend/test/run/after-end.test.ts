import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { AfterEnd } from '../../src/run/app/after-end';

const LOOKS_S = [1, 3, 7, 15, 30, 60, 120];

describe('after the end', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function begun(sinceMs: number): { looks: number[]; after: AfterEnd } {
    const [looks, start] = [[] as number[], Date.now()];
    const after = new AfterEnd(async () => void looks.push((Date.now() - start) / 1000));
    after.begin(sinceMs);
    after.begin(0);
    return { looks, after };
  }

  it('a run is looked at less and less often, for two minutes', async () => {
    const { looks } = begun(50);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(looks).toEqual(LOOKS_S);
  });

  it('one that ended long ago is not', async () => {
    const { looks } = begun(121_000);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(looks).toEqual([]);
  });

  it('nothing is asked once nobody looks any more', async () => {
    const { looks, after } = begun(0);
    await vi.advanceTimersByTimeAsync(1_500);
    after.stop();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(looks).toEqual([1]);
  });

  it('a look that is on its way when nobody looks any more is the last', async () => {
    let answer = (): void => undefined;
    let count = 0;
    const after = new AfterEnd(() => new Promise((resolve) => { count += 1; answer = resolve; }));
    after.begin(0);
    await vi.advanceTimersByTimeAsync(1_000);
    after.stop();
    answer();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(count).toBe(1);
  });
});
