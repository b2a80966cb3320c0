/** Figures over time, as the API sends them, and as charts and tables show them. */

import type { Api } from '../../core/api';
import type { Timestamp } from '../../core/live';
import { durationInWords } from '../../ui/words/durations';
import { say, type Word } from '../words';

export const RANGES = ['1h', '24h', '7d'] as const;
export type Range = (typeof RANGES)[number];

interface Figures {
  readonly completed: readonly number[];
  readonly failed: readonly number[];
  readonly cancelled: readonly number[];
  readonly p50: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
  readonly complete_from: Timestamp | null;
}

export interface Series {
  readonly range: Range;
  readonly step_seconds: number;
  readonly at: readonly Timestamp[];
  readonly runs: Figures;
  readonly tasks: Figures;
}

/** One curve, or one part of each bar; `token` is its colour. */
export interface Curve {
  readonly name: Word;
  readonly token: string;
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  readonly title: Word;
  /** Bars that stand on each other, or lines. */
  readonly kind: 'bars' | 'lines';
  readonly curves: readonly Curve[];
  readonly isEmpty: boolean;
  /** All of it in one sentence. */
  readonly summary: string;
  readonly write: (value: number) => string;
}

export function readSeries(api: Api, range: Range, signal: AbortSignal): Promise<Series> {
  return api.client.get<Series>('/overview/series', { range }, { signal });
}

/** The range that an address asks for. */
export function rangeOf(search: string): Range {
  const asked = new URLSearchParams(search).get('range');
  return RANGES.find((range) => range === asked) ?? '24h';
}

/** The four charts. */
export function chartsOf({ runs, tasks }: Series): ChartData[] {
  return [counts('runs', runs), times('took', runs), counts('tasks', tasks), times('waited', tasks)];
}

function counts(title: Word, figures: Figures): ChartData {
  const curves = ([['completed', '--completed'], ['failed', '--failed'], ['cancelled', '--line-strong']] as const).map(
    ([name, token]) => ({ name, token, values: figures[name] }),
  );
  const totals = curves.map(({ name, values }) => ({ name, total: values.reduce((sum, value) => sum + value, 0) }));
  const said = totals.filter(({ total }) => total > 0).map(({ name, total }) => `${total} ${say(name).toLowerCase()}`);
  const isEmpty = said.length === 0;
  const summary = isEmpty ? say('summary.nothing', { title: say(title) }) : say('summary.counts', { title: say(title), counts: said.join(', ') });
  return { title, kind: 'bars', curves, isEmpty, summary, write: String };
}

function times(title: Word, figures: Figures): ChartData {
  const curves: Curve[] = [{ name: 'p50', token: '--accent', values: figures.p50 }, { name: 'p95', token: '--retrying', values: figures.p95 }];
  const isEmpty = figures.p50.every((value) => value === null);
  const worst = (values: readonly (number | null)[]) => write(Math.max(0, ...values.map((value) => value ?? 0)));
  const values = { title: say(title), p50: worst(figures.p50), p95: worst(figures.p95) };
  return { title, kind: 'lines', curves, isEmpty, summary: say(isEmpty ? 'summary.nothing' : 'summary.times', values), write };
}

function write(seconds: number): string {
  return durationInWords(seconds * 1000);
}

/** The buckets of which there is something to say, the newest first. */
export function rowsOf({ curves }: ChartData): number[] {
  const length = curves[0]!.values.length;
  return Array.from({ length }, (_, index) => length - 1 - index).filter((index) => curves.some(({ values }) => values[index]));
}
