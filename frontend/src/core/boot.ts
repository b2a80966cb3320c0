/** What the server tells a page before it starts: the JSON in `<script id="boot">`. */

export interface Boot {
  /** Root of the HTTP API, with the site's prefix if it has one: `/api/v1/`. */
  readonly apiBase: string;
  /** Root of the WebSockets: `/ws/`. */
  readonly wsPath: string;
  readonly csrf: string;
  readonly user: string;
  readonly permissions: readonly string[];
  readonly locale: string;
  readonly schemaVersion: number;
  readonly treeId: string | null;
  readonly runId: string | null;
  /** Paths of pages that links lead to. */
  readonly pages: { readonly trees: string; readonly runs: string };
}

/** The page has no boot JSON, or not the one that this script was built for. Reload the page; if that does not help, rebuild `static/app`. */
export class BootError extends Error {
  override name = 'BootError';
}

const TEXTS = ['apiBase', 'wsPath', 'csrf', 'user', 'locale'] as const;

/** Read and check the boot JSON of a page. */
export function readBoot(page: Pick<Document, 'getElementById'> = document): Boot {
  const text = page.getElementById('boot')?.textContent;
  if (!text) throw new BootError('The page has no boot data');
  const given = parse(text);
  for (const key of TEXTS) if (typeof given[key] !== 'string') throw new BootError(`The boot data has no "${key}"`);
  return {
    ...(given as unknown as Boot),
    permissions: Array.isArray(given.permissions) ? given.permissions.map(String) : [],
    schemaVersion: Number(given.schemaVersion ?? 0),
    treeId: textOrNull(given.treeId),
    runId: textOrNull(given.runId),
    pages: { trees: '/trees/', runs: '/runs/', ...(given.pages as object | undefined) },
  };
}

function parse(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BootError('The boot data is no JSON');
  }
  if (typeof value !== 'object' || value === null) throw new BootError('The boot data is no object');
  return value as Record<string, unknown>;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
