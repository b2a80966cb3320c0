/** What the pages of the lists are told beside what every page is: orchestration/pages/runs.py and trees.py. */

import type { Boot } from '../core/boot';
import type { JSONObject } from '../core/api';

export interface RunsBoot {
  /** The list's filters in the form of the API, with periods as they were when the page was made. */
  readonly filter: JSONObject;
  /** The same as the query of the list's address. */
  readonly query: string;
  /** Where rows are asked for again. */
  readonly rows: string;
  readonly compare: string;
  /** The place of the first run, empty in an empty list; null where new runs are not announced. */
  readonly top: string | null;
  /** The kept view that is shown. */
  readonly view: number | null;
}

export interface ListsBoot extends Boot {
  readonly runs?: RunsBoot;
}
