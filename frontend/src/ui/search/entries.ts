/** What a searchable list holds, and the order in which it shows it. */

import type { IconName } from '../basics/icons';
import { text } from '../texts';
import { fuzzy } from './fuzzy';

export interface Entry {
  readonly id: string;
  readonly name: string;
  readonly group?: string;
  /** A line of description. */
  readonly about?: string | undefined;
  /** Other words by which it is found: tags, the id. */
  readonly words?: string | undefined;
  readonly icon?: IconName;
  readonly keys?: string | undefined;
  /** Why it can't be taken now. */
  readonly disabled?: string | null | undefined;
}

export interface Found<E extends Entry> {
  readonly entry: E;
  /** The letters of the name that were asked for. */
  readonly at: readonly number[];
}

export interface Section<E extends Entry> {
  readonly title: string | null;
  readonly found: readonly Found<E>[];
}

const RECENT_BONUS = 4;
const ABOUT_SHARE = 0.3;

/** Arrange entries for a query: recent first and then by groups without one, the best first with one. */
export function arrange<E extends Entry>(query: string, entries: readonly E[], recent: readonly string[] = []): Section<E>[] {
  const asked = query.trim();
  return asked === '' ? grouped(entries, recent) : ranked(asked, entries, recent);
}

function grouped<E extends Entry>(entries: readonly E[], recent: readonly string[]): Section<E>[] {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const first = recent.flatMap((id) => byId.get(id) ?? []);
  const groups = new Map<string | null, Found<E>[]>();
  for (const entry of entries) {
    const title = entry.group ?? null;
    const known = groups.get(title);
    if (known) known.push({ entry, at: [] });
    else groups.set(title, [{ entry, at: [] }]);
  }
  const sections = [...groups].map(([title, found]) => ({ title, found }));
  // A list that fits at one glance needs no second mention.
  if (first.length === 0 || entries.length <= 6) return sections;
  return [{ title: text('search.recent'), found: first.map((entry) => ({ entry, at: [] })) }, ...sections];
}

function ranked<E extends Entry>(query: string, entries: readonly E[], recent: readonly string[]): Section<E>[] {
  const scored = entries.flatMap((entry) => {
    const match = matchEntry(query, entry);
    if (!match) return [];
    const place = recent.indexOf(entry.id);
    return [{ found: { entry, at: match.at }, score: match.score + (place < 0 ? 0 : RECENT_BONUS / (place + 1)) }];
  });
  scored.sort((a, b) => b.score - a.score);
  return scored.length === 0 ? [] : [{ title: null, found: scored.map(({ found }) => found) }];
}

/** The name counts most; what only the description says is found too, after it. */
function matchEntry(query: string, entry: Entry): { score: number; at: readonly number[] } | null {
  const name = fuzzy(query, entry.name);
  if (name) return name;
  const all = [entry.name, entry.words, entry.group, entry.about].filter(Boolean).join(' ');
  const words = query.toLowerCase().split(/\s+/);
  // Single letters scattered over a whole sentence are no find.
  if (!words.every((word) => all.toLowerCase().includes(word))) return null;
  return { score: (fuzzy(query, all)?.score ?? 0) * ABOUT_SHARE, at: [] };
}

/** A text in pieces, those that were asked for marked. */
export function pieces(name: string, at: readonly number[]): { text: string; isHit: boolean }[] {
  const hits = new Set(at);
  const result: { text: string; isHit: boolean }[] = [];
  for (let index = 0; index < name.length; index += 1) {
    const isHit = hits.has(index);
    const last = result.at(-1);
    if (last && last.isHit === isHit) last.text += name[index];
    else result.push({ text: name[index]!, isHit });
  }
  return result;
}
