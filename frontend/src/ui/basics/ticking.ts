/** One tick a second for everything on the page that shows a running time. */

import { createSubscriber } from 'svelte/reactivity';

/** Something that knows the time, as the server's clock does. */
export interface Clock {
  now(): number;
}

export const LOCAL_CLOCK: Clock = { now: () => Date.now() };

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

/** Read a clock so that what was made from it is made again each second, while it is shown. */
export function ticking(clock: Clock): number {
  subscribe();
  return clock.now();
}
