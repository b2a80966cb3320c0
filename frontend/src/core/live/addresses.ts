/** The addresses of the live stream; docs/reference/live-stream.md has them. */

export interface Site {
  /** Root of the API, with the site's prefix if it has one: `/api/v1/`. */
  apiBase: string;
  /** Root of the WebSockets: `/ws/`. */
  wsPath: string;
  /** What paths are relative to; the address of the page when it is left out. */
  origin?: string;
}

type Query = URLSearchParams | undefined;

/** Build the address of something in the API. */
export function apiAddress(site: Site, path: string, query?: Query): string {
  return under(site, site.apiBase, path, query).href;
}

/** Build the address of a WebSocket: the site's own, with `ws` for `http`. */
export function socketAddress(site: Site, path: string, query?: Query): string {
  const url = under(site, site.wsPath, path, query);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

function under(site: Site, root: string, path: string, query: Query): URL {
  const origin = site.origin ?? globalThis.location?.href;
  const url = new URL(`${root.replace(/\/*$/, '/')}${path}`, origin);
  url.search = query?.toString() ?? '';
  return url;
}
