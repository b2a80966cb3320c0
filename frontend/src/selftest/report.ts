/** Shows the results as a list. Only text is ever written, and no style: the page's policy allows nothing else. */

import type { Result, Verdict, WayName } from './findings';
import { FINDINGS, SUMMARIES, VERDICTS, WAYS } from './words';

export class Report {
  private readonly summary = document.createElement('p');
  private readonly items = new Map<WayName, HTMLLIElement>();

  constructor(private readonly root: HTMLElement) {
    const list = document.createElement('ul');
    list.className = 'selftest-list';
    for (const way of Object.keys(WAYS) as WayName[]) {
      const item = document.createElement('li');
      item.dataset.way = way;
      this.items.set(way, item);
      list.append(item);
      this.write(way, 'testing', []);
    }
    this.summary.setAttribute('role', 'status');
    this.summary.textContent = SUMMARIES.testing;
    root.replaceChildren(this.summary, list);
    root.setAttribute('aria-busy', 'true');
  }

  /** Show what was found about one way. */
  show(way: WayName, result: Result): void {
    const { says, change } = FINDINGS[result.finding];
    const said = result.fact === null ? says : `${says} (${result.fact})`;
    this.write(way, result.verdict, change === undefined ? [said] : [said, change]);
    this.items.get(way)!.dataset.finding = result.finding;
  }

  /** Say which way pages will use. */
  conclude(best: WayName | null): void {
    this.summary.textContent = SUMMARIES[best ?? 'none'];
    this.root.setAttribute('aria-busy', 'false');
    this.root.dataset.best = best ?? 'none';
  }

  private write(way: WayName, verdict: Verdict, paragraphs: string[]): void {
    const { word, icon, style } = VERDICTS[verdict];
    const item = this.items.get(way)!;
    const status = element('span', '', `status ${style}`);
    const glyph = element('span', icon);
    glyph.setAttribute('aria-hidden', 'true');
    status.append(glyph, ` ${word}`);
    item.dataset.verdict = verdict;
    item.replaceChildren(element('strong', WAYS[way]), ' ', status, ...paragraphs.map((text) => element('p', text)));
  }
}

function element(name: string, text: string, className = ''): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}
