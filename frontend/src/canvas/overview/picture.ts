/** What painters share. */

import type { Box } from '../geometry';
import type { Stage } from '../stage';
import type { Colours } from './colours';

export interface Picture {
  /** Draws in the scene's coordinates. */
  readonly brush: CanvasRenderingContext2D;
  readonly stage: Stage;
  readonly colours: Colours;
  readonly zoom: number;
  /** The part of the scene in view. */
  readonly seen: Box;
}

/** Below this zoom a card is a block in the colour of its status. */
export const BLOCKS_BELOW = 0.25;
/** From this zoom on a painted card says everything. */
export const DETAILS_FROM = 0.45;
