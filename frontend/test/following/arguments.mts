import { parseArgs } from 'node:util';
import type { Way } from '../../src/core/live';

/** What `npm run follow` was asked for. */
export interface FollowArguments {
  base: string;
  run: string;
  token: string;
  way: Way;
  /** Lose the line after every few frames. */
  isCut: boolean;
  seconds: number;
}

const USAGE = 'npm run follow -- --base URL --run ID --token TOKEN [--way websocket|sse|poll] [--cut] [--seconds N]';

/** Read the command line. Throws with the usage when something is missing. */
export function readArguments(words: string[]): FollowArguments {
  const { values } = parseArgs({
    args: words,
    options: {
      base: { type: 'string' },
      run: { type: 'string' },
      token: { type: 'string' },
      way: { type: 'string', default: 'websocket' },
      cut: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '60' },
    },
  });
  const { base, run, token, way } = values;
  if (!base || !run || !token || !isWay(way)) throw new Error(USAGE);
  return { base, run, token, way, isCut: values.cut, seconds: Number(values.seconds) };
}

function isWay(word: string): word is Way {
  return word === 'websocket' || word === 'sse' || word === 'poll';
}
