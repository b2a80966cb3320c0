/** Entry of the self-test page: does the line between this browser and the site let live updates through? */

import { checkEvents, checkPolling, checkWebSocket } from './selftest/checks';
import type { Result, WayName } from './selftest/findings';
import { Report } from './selftest/report';

interface Boot {
  wsPath: string;
  ssePath: string;
  pollPath: string;
}

async function test(boot: Boot, root: HTMLElement): Promise<void> {
  const report = new Report(root);
  const checks: [WayName, Promise<Result>][] = [
    ['websocket', checkWebSocket(boot.wsPath)],
    ['sse', checkEvents(boot.ssePath)],
    ['poll', checkPolling(boot.pollPath)],
  ];
  let best: WayName | null = null;
  for (const [way, check] of checks) {
    const result = await check;
    report.show(way, result);
    if (result.verdict !== 'bad') best ??= way;
  }
  report.conclude(best);
}

const boot = document.getElementById('boot');
const root = document.getElementById('selftest-results');
if (boot && root) void test(JSON.parse(boot.textContent ?? '') as Boot, root);
