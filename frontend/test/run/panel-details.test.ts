import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createApi } from '../../src/core/api';
import type { TaskFacts } from '../../src/core/run-state';
import { TaskDetails } from '../../src/run/panel/details.svelte';

const FACTS = { id: 'a/b', status: 'pending', attempt: 0, errorType: null, nextAttemptAt: null, editedFields: [] } as unknown as TaskFacts;

function world(): { details: TaskDetails; asked: string[]; answers: { status: number } } {
  const asked: string[] = [];
  const answers = { status: 200 };
  const fetch = async (input: RequestInfo | URL): Promise<Response> => {
    const { pathname, search } = new URL(String(input), 'http://here');
    asked.push(pathname.split('/tasks/')[1]! + search);
    const body = pathname.endsWith('/why') ? { why: `why ${asked.length}` } : { id: 'a/b', status: 'completed', why: 'first', dependencies: [], result: null, result_bytes: 90_000 };
    return new Response(JSON.stringify(answers.status === 200 ? body : { error: { code: 'not_found', message: 'gone' } }), { status: answers.status });
  };
  const api = createApi({ apiBase: '/api/v1/', csrf: '' }, { fetch });
  return { details: new TaskDetails(api, 'r', 'a/b'), asked, answers };
}

describe('what the API tells of a task', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is asked again when the task changes, and why when others do, with pauses', async () => {
    const { details, asked } = world();
    details.note(FACTS);
    await vi.advanceTimersByTimeAsync(10);
    expect([details.task?.id, details.why, asked]).toEqual(['a/b', 'first', ['a%2Fb']]);
    for (let n = 0; n < 20; n += 1) details.note({ ...FACTS });
    await vi.advanceTimersByTimeAsync(10);
    expect([asked, details.why]).toEqual([['a%2Fb', 'a%2Fb/why'], 'why 2']);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(asked).toHaveLength(3);
    details.note({ ...FACTS, status: 'in_progress', attempt: 1 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked.at(-1)).toBe('a%2Fb');
    const count = asked.length;
    details.note({ ...FACTS, status: 'in_progress', attempt: 1, progress: 0.5 });
    await vi.advanceTimersByTimeAsync(9_000);
    expect(asked).toHaveLength(count);
  });

  it('of a task that is not there, it says so, and goes on later', async () => {
    const { details, answers } = world();
    answers.status = 404;
    details.note(FACTS);
    await vi.advanceTimersByTimeAsync(10);
    expect((details.error as Error).message).toBe('gone');
    answers.status = 200;
    details.retry();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([details.error, details.task?.id]).toEqual([null, 'a/b']);
  });

  it('all of it comes when it is wanted', async () => {
    const { details, asked } = world();
    await details.loadAll();
    expect(asked).toEqual(['a%2Fb?full=true']);
  });

  it('nothing is asked once it is not shown any more', async () => {
    const { details, asked } = world();
    details.note(FACTS);
    details.note({ ...FACTS, attempt: 1 });
    details.stop();
    await vi.advanceTimersByTimeAsync(9_000);
    expect(asked).toHaveLength(1);
    expect(details.error).toBeNull();
  });
});
