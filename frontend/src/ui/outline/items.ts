/** What the outline shows of an item. */

import type { Shown } from '../../core/run/facts';
import type { IconName } from '../basics/icons';
import type { Priority } from '../basics/priority';
import type { Tone } from '../basics/tones';
import type { TreeItem } from './tree';

export interface OutlineBadge {
  readonly text: string;
  readonly tone?: Tone;
  readonly icon?: IconName;
  /** Says it in full. */
  readonly title?: string;
}

export interface OutlineItem extends TreeItem {
  readonly icon?: IconName | undefined;
  readonly status?: Shown | undefined;
  /** A normal one, 2, is not shown. */
  readonly priority?: Priority | undefined;
  /** Disabled: greyed and struck through. */
  readonly dimmed?: boolean | undefined;
  readonly badges?: readonly OutlineBadge[] | undefined;
}
