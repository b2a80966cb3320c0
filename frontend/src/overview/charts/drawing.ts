/** A chart's drawing, by uPlot, in the colours of the page. */

import uPlot from 'uplot';

import type { ChartData } from './series';
import { tickOf } from './times';

const HEIGHT = 150;
/** So many values of a line are marked; one alone would else not be seen. */
const FEW = 30;
/** Steps of an axis: of what is counted, and of seconds. */
const COUNTS = powersOf10(0, 8);
const SECONDS = [...powersOf10(-3, 2).filter((step) => step < 5), 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 18_000, 36_000, 86_400, ...powersOf10(0, 4).map((days) => 172_800 * days)];

interface Place {
  readonly element: HTMLElement;
  readonly width: number;
}

/** Draw a chart; `onpoint` hears which bucket is pointed at. The drawing is of now: its colours are those of the theme. */
export function draw({ element, width }: Place, data: ChartData, at: readonly number[], step: number, onpoint: (index: number | null) => void): uPlot {
  const style = getComputedStyle(element);
  const colour = (token: string) => style.getPropertyValue(token).trim();
  const font = `11px ${style.fontFamily}`;
  const isBars = data.kind === 'bars';
  const axis = { stroke: colour('--ink-soft'), font, grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
  const options: uPlot.Options = {
    width,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: !isBars } },
    scales: { x: { time: true, range: [at[0]!, at.at(-1)! + step] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, space: 60, size: 26, values: (_, ticks) => ticks.map((time) => tickOf(time * 1000, step)) },
      { ...axis, size: isBars ? 38 : 64, space: 30, incrs: isBars ? COUNTS : SECONDS, values: (_, ticks) => ticks.map((value) => data.write(value)) },
    ],
    series: [{}, ...curvesOf(data, colour)],
    hooks: { setCursor: [(plot) => onpoint(plot.cursor.idx ?? null)] },
  };
  const plot = new uPlot(options, [[...at], ...stacked(data)] as uPlot.AlignedData, element);
  // What is drawn is told by a sentence and a table.
  plot.root.setAttribute('aria-hidden', 'true');
  return plot;
}

function curvesOf({ kind, curves }: ChartData, colour: (token: string) => string): uPlot.Series[] {
  if (kind === 'lines') return curves.map(({ token, values }) => ({ stroke: colour(token), width: 2, spanGaps: true, points: { show: values.filter((value) => value !== null).length <= FEW, size: 5, fill: colour(token) } }));
  // Bars stand from the same bottom, the highest at the back.
  const bars = uPlot.paths.bars!({ size: [0.85, 40], align: 1 });
  return [...curves].reverse().map(({ token }) => ({ stroke: colour(token), fill: colour(token), width: 0, paths: bars, points: { show: false } }));
}

function stacked({ kind, curves }: ChartData): (number | null)[][] {
  if (kind === 'lines') return curves.map(({ values }) => [...values]);
  const sums: number[][] = [];
  for (const { values } of curves) sums.push(values.map((value, index) => (value ?? 0) + (sums.at(-1)?.[index] ?? 0)));
  return sums.reverse().map((row) => row.map((value) => value || null));
}

function powersOf10(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => [1, 2, 5].map((digit) => Number(`${digit}e${from + index}`))).flat();
}
