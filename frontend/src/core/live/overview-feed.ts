/** What a watcher of the overview asks for: each frame is the whole of it, and no cursor is kept. */

import { apiAddress, socketAddress, type Site } from './addresses';
import { FIRST_FRAME_MS } from './connection';
import type { Environment } from './environment';
import type { Frame, OverviewFrame } from './frames';
import type { Line, LineListener, Way } from './line';
import { openPolling } from './poll-line';
import { openEventSource } from './sse-line';
import type { Feed } from './stream';
import { openWebSocket } from './websocket-line';

const POLL_MS = 2_000;

export interface OverviewHandlers {
  /** The whole overview; it replaces what was known. A promise is waited for. */
  onOverview(frame: OverviewFrame): void | Promise<void>;
}

export class OverviewFeed implements Feed {
  constructor(
    private readonly environment: Environment,
    private readonly site: Site,
    private readonly handlers: OverviewHandlers,
  ) {}

  open(way: Way, listener: LineListener): Line {
    const { environment, site } = this;
    if (way === 'websocket') return openWebSocket(environment, socketAddress(site, 'overview/'), listener);
    const address = apiAddress(site, 'overview');
    if (way === 'sse') return openEventSource(environment, address, listener);
    return openPolling(environment, () => address, POLL_MS, listener);
  }

  firstFrameMs(): number {
    return FIRST_FRAME_MS;
  }

  receive(frame: Frame): Frame | null {
    return frame.type === 'overview' ? frame : null;
  }

  async deliver(frame: Frame): Promise<void> {
    if (frame.type === 'overview') await this.handlers.onOverview(frame);
  }

  acknowledgement(): null {
    return null;
  }

  forget(): void {}

  attach(): void {}

  finish(): Promise<void> {
    return Promise.resolve();
  }

  stop(): void {}
}
