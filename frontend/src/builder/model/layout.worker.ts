/** Runs layouts off the main thread. Each request has a number; the answer has the same one. */

import { layout, type LayoutRequest, type Placed } from './layout';

export interface LayoutJob {
  number: number;
  request: LayoutRequest;
}

export interface LayoutAnswer {
  number: number;
  placed: [string, Placed][];
}

self.onmessage = ({ data }: MessageEvent<LayoutJob>) => {
  const answer: LayoutAnswer = { number: data.number, placed: [...layout(data.request)] };
  self.postMessage(answer);
};
