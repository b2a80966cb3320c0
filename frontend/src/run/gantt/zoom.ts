/** How the chart is looked at, as it stands in the address. */

export interface GanttView {
  /** 1 shows the whole run. */
  readonly zoom: number;
  /** What stands at the left edge, in milliseconds since the run's beginning; 0 while all is shown. */
  readonly from: number;
  readonly hidesIdle: boolean;
  readonly showsCritical: boolean;
}

export const PLAIN_VIEW: GanttView = { zoom: 1, from: 0, hidesIdle: false, showsCritical: true };

/** One press of a key or a button. */
export const STEP = 1.5;
const MOST = 400;

/** Keep a zoom within its limits. */
export function limitedZoom(zoom: number): number {
  return Math.min(Math.max(zoom, 1), MOST);
}

/** Read it from an address; what makes no sense is as if it were not there. */
export function ganttViewOf(query: URLSearchParams): GanttView {
  const zoom = Number(query.get('zoom') ?? 1);
  const from = Number(query.get('from') ?? 0);
  return {
    zoom: Number.isFinite(zoom) ? limitedZoom(zoom) : 1,
    from: Number.isFinite(from) ? Math.max(from, 0) : 0,
    hidesIdle: query.get('idle') === 'hidden',
    showsCritical: query.get('critical') !== 'hidden',
  };
}

/** What of it is to stand in an address: what differs from the plain view. */
export function ganttQuery(view: GanttView): Record<string, string> {
  return {
    ...(view.zoom > 1 ? { zoom: String(Number(view.zoom.toPrecision(4))), from: String(Math.round(view.from)) } : {}),
    ...(view.hidesIdle ? { idle: 'hidden' } : {}),
    ...(view.showsCritical ? {} : { critical: 'hidden' }),
  };
}
