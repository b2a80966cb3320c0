/** What is shown above everything for as long as a gesture lasts. Boxes and curves are the scene's. */

import type { Curve } from './curves';
import type { Box } from './geometry';

export interface PendingLine {
  readonly curve: Curve;
  /** Whether letting go would connect. */
  readonly accepted: boolean;
  /** Why it would not. */
  readonly refusal: string | null;
}

export class Overlay {
  box = $state.raw<Box | null>(null);
  line = $state.raw<PendingLine | null>(null);
  /** The drawn edge under the pointer. */
  edge = $state.raw<string | null>(null);
  /** The drawn edge that would be split. */
  splits = $state.raw<string | null>(null);
  /** Whether a press would pan whatever is under it. */
  isReady = $state.raw(false);
  /** Whether the view is being moved by the pointer. */
  isHeld = $state.raw(false);
}
