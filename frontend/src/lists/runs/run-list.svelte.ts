/** A table of runs that the server has drawn: rows are chosen, stay true while runs go on, and never move by themselves. */

import type { Api } from '../../core/api';
import { STATE_WORDS, watchOverview, type StateName, type Watch } from '../../core/live';
import { growingInWords } from '../../ui/words/durations';
import { announce } from '../../ui/overlays/announce.svelte';
import { morph } from '../../../../static/js/morph.js';
import { localise } from '../../../../static/js/times.js';
import type { ListsBoot, RunsBoot } from '../boot';
import { runsInWords, say } from '../words';
import { Choice } from './choice';

const TICK_MS = 1000;
/** A look at the rows takes at least this long until the next one. */
const PAUSE_MS = 1000;
const LOST: ReadonlySet<StateName> = new Set(['reconnecting', 'offline', 'refused']);

export class RunList {
  /** The ids of the chosen rows. */
  chosen = $state.raw<readonly string[]>([]);
  /** How many runs match, once all of them are chosen. */
  matching = $state<number | null>(null);
  /** New runs that are not shown yet. */
  fresh = $state(0);
  /** Grows whenever a run may have moved. */
  moved = $state(0);
  /** Grows whenever the page was made new. */
  shown = $state(0);

  private runs = $state.raw<RunsBoot>() as RunsBoot;
  private readonly choice = new Choice();
  private readonly table: HTMLTableElement | null;
  private watch: Watch | null = null;
  private isLooking = false;
  private isDue = false;

  constructor(
    readonly api: Api,
    readonly boot: ListsBoot,
    runs: RunsBoot,
  ) {
    this.runs = runs;
    this.table = document.querySelector('table[data-runs]');
  }

  get facts(): RunsBoot {
    return this.runs;
  }

  get order(): readonly string[] {
    return this.boxes.map((box) => box.dataset.choose!);
  }

  private get boxes(): HTMLInputElement[] {
    return [...(this.table?.querySelectorAll<HTMLInputElement>('[data-choose]:not(:disabled)') ?? [])];
  }

  start(): void {
    this.table?.addEventListener('click', (event) => this.click(event));
    this.table?.addEventListener('keydown', (event) => this.key(event));
    this.watch = watchOverview(this.boot, {
      onOverview: () => void this.look(),
      onState: (state) => this.tell(state.state),
    });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) void this.look();
    });
    setInterval(() => this.tick(), TICK_MS);
    // A page that comes back from the browser's memory still has its boxes ticked.
    for (const box of this.boxes) box.checked = false;
    this.publish();
  }

  /** Ask for the rows again; many calls at once become one. */
  async look(): Promise<void> {
    this.isDue = true;
    if (this.isLooking || document.hidden) return;
    this.isLooking = true;
    while (this.isDue) {
      this.isDue = false;
      await this.lookOnce();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    this.isLooking = false;
  }

  /** Show the page as it is now, with the new runs at the top. */
  async show(): Promise<void> {
    if (!this.table) return location.reload();
    const page = await fetchPage(location.href);
    const [table, boot] = [page?.querySelector('table[data-runs]'), page?.getElementById('boot')?.textContent];
    if (!page || !table || !boot) return location.reload();
    const count = this.fresh;
    this.runs = (JSON.parse(boot) as ListsBoot).runs ?? this.runs;
    localise(page);
    morph(this.table, document.adoptNode(table));
    for (const part of document.querySelectorAll<HTMLElement>('[data-part]')) {
      const other = page.querySelector(`[data-part="${part.dataset.part}"]`);
      if (other) morph(part, document.adoptNode(other));
    }
    this.fresh = 0;
    this.shown += 1;
    this.publish();
    if (count) announce(say('shown', { runs: runsInWords(count) }));
    this.table.querySelector<HTMLElement>('tbody a')?.focus({ preventScroll: true });
  }

  chooseAllMatching(count: number): void {
    this.choice.setAll(this.order);
    this.publish();
    this.matching = count;
  }

  clear(): void {
    this.choice.clear();
    this.publish();
  }

  private publish(): void {
    const order = this.order;
    this.table?.setAttribute('data-ready', '');
    this.matching = null;
    this.chosen = this.choice.all.filter((id) => order.includes(id));
    for (const box of this.boxes) {
      box.checked = this.choice.has(box.dataset.choose!);
      box.closest('tr')?.toggleAttribute('data-chosen', box.checked);
    }
    const all = this.table?.querySelector<HTMLInputElement>('[data-choose-all]');
    if (!all) return;
    all.checked = order.length > 0 && this.chosen.length === order.length;
    all.indeterminate = this.chosen.length > 0 && !all.checked;
  }

  private click(event: MouseEvent): void {
    const box = (event.target as Element).closest<HTMLInputElement>('[data-choose], [data-choose-all]');
    if (!box) return;
    if ('chooseAll' in box.dataset) {
      if (box.checked) this.choice.setAll(this.order);
      else this.choice.clear();
    } else if (event.shiftKey) this.choice.setRange(box.dataset.choose!, box.checked, this.order);
    else this.choice.set(box.dataset.choose!, box.checked);
    this.publish();
  }

  private key(event: KeyboardEvent): void {
    if (event.key === 'a' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.choice.setAll(this.order);
      this.publish();
    } else if (event.key === 'Escape' && this.chosen.length > 0) {
      this.clear();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      this.step(event, event.key === 'ArrowDown' ? 1 : -1);
    }
  }

  /** Go to the box of the next row; with Shift, choose both. */
  private step(event: KeyboardEvent, by: number): void {
    const boxes = this.boxes;
    const here = boxes.indexOf(event.target as HTMLInputElement);
    const next = boxes[here + by];
    if (here < 0 || !next) return;
    event.preventDefault();
    next.focus();
    if (!event.shiftKey) return;
    this.choice.set(boxes[here]!.dataset.choose!, true);
    this.choice.set(next.dataset.choose!, true);
    this.publish();
  }

  private async lookOnce(): Promise<void> {
    const rows = [...(this.table?.tBodies[0]?.rows ?? [])].filter((row) => !row.hasAttribute('data-gone'));
    const goesOn = (row: Element): boolean => row.hasAttribute('data-active-run');
    // What has ended changes no more, but it can be deleted.
    const ended = rows.filter((row) => !goesOn(row)).map(idOf);
    const page = await fetchPage(this.rowsAddress(rows.filter(goesOn).map(idOf), ended));
    const answer = page?.querySelector<HTMLElement>('[data-new]');
    if (!page || !answer) return;
    localise(page);
    const gone = new Set(answer.dataset.gone?.split(' '));
    for (const row of rows) {
      const fresh = page.getElementById(row.id);
      if (fresh) morph(row, document.adoptNode(fresh));
      else if (goesOn(row) || gone.has(idOf(row))) strike(row);
    }
    if (this.runs.top !== null) this.fresh = Number(answer.dataset.new);
    this.tick();
    this.publishKept();
    this.moved += 1;
  }

  private rowsAddress(ids: readonly string[], ended: readonly string[]): string {
    const query = new URLSearchParams(this.runs.query);
    query.set('ids', ids.join(','));
    query.set('ended', ended.join(','));
    if (this.runs.top !== null) query.set('top', this.runs.top);
    if (this.boot.treeId) query.set('with_tree', '0');
    return `${this.runs.rows}?${query}`;
  }

  private publishKept(): void {
    const matching = this.matching;
    this.publish();
    this.matching = matching;
  }

  private tick(): void {
    const now = this.watch?.serverNow() ?? Date.now();
    for (const cell of this.table?.querySelectorAll<HTMLElement>('[data-ticks]') ?? []) {
      const words = growingInWords(now - Date.parse(cell.dataset.ticks!));
      if (cell.textContent !== words) cell.textContent = words;
    }
  }

  private tell(state: StateName): void {
    const badge = document.querySelector('[data-live]');
    if (!badge) return;
    badge.textContent = STATE_WORDS[state];
    badge.classList.toggle('live-lost', LOST.has(state));
  }
}

function idOf(row: Element): string {
  return row.id.replace(/^run-/, '');
}

/** Show that a run was deleted. Its row stays where it is, so that nothing moves under the reader. */
function strike(row: HTMLTableRowElement): void {
  row.setAttribute('data-gone', '');
  const box = row.querySelector<HTMLInputElement>('[data-choose]');
  if (box) box.disabled = true;
  const status = row.querySelector('.status');
  if (status) status.textContent = say('gone');
  for (const link of row.querySelectorAll('a')) link.removeAttribute('href');
}

/** Fetch a page of this site; null when it can't be had now: the next look tries again. */
async function fetchPage(address: string): Promise<Document | null> {
  try {
    const response = await fetch(address, { credentials: 'same-origin' });
    if (!response.ok || response.redirected) return null;
    return new DOMParser().parseFromString(await response.text(), 'text/html');
  } catch {
    return null;
  }
}
