/** The first difference of two runs, in a sentence. */

import { SHOWN_WORDS } from '../../core/run-state';
import type { FieldChange } from '../../builder/model/diff';
import { pathText, type JSONValue } from '../../builder/model/json';
import { say } from '../words';
import { isSameValue, type Comparison, type Half, type Row } from './comparison';

/** Places that are named before the rest is only counted. */
const NAMED = 2;
const MOST_CHARS = 60;

/** Where the values of the first task differ; null while they are not read. */
export interface Places {
  readonly inputs: readonly FieldChange[] | null;
  readonly result: readonly FieldChange[] | null;
}

/** Name the first difference. */
export function firstDifference({ first, rows, settings }: Comparison, places: Places | null): string {
  const started = settings.length > 0 ? say('first.settings', { places: placesInWords(settings, '') }) : '';
  if (first) return [started, ofTask(first, places)].filter(Boolean).join(' ');
  if (started) return started;
  return rows.some(({ kinds }) => kinds.length > 0) ? say('first.onlyDurations') : say('first.nothing');
}

function ofTask(row: Row, places: Places | null): string {
  const { name } = row;
  switch (row.kinds[0]!) {
    case 'only_left':
      return say('first.onlyLeft', { name });
    case 'only_right':
      return say('first.onlyRight', { name });
    case 'definition':
      return say('first.definition', { name, places: definitionInWords(row) }) + consequence(row);
    case 'inputs':
      return say('first.inputs', { name, at: atPlaces(places?.inputs ?? null) }) + consequence(row);
    case 'outcome':
      return say('first.outcome', { name, from: fromSame(row), left: outcomeInWords(row.left!), right: outcomeInWords(row.right!) });
    case 'result':
      return say('first.result', { name, from: fromSame(row), at: atPlaces(places?.result ?? null) });
    case 'duration':
      return '';
  }
}

function fromSame(row: Row): string {
  return isSameValue(row, 'resolved_inputs') ? say('first.sameInputs') : '';
}

/** What came of another definition or of other inputs. */
function consequence({ kinds, left, right }: Row): string {
  if (kinds.includes('outcome')) return ` ${say('first.thenOutcome', { left: outcomeInWords(left!), right: outcomeInWords(right!) })}`;
  return kinds.includes('result') ? ` ${say('first.thenResult')}` : '';
}

function outcomeInWords({ facts }: Half): string {
  const word = SHOWN_WORDS[facts.shown].toLowerCase();
  const error = facts.status === 'failed' ? (facts.error?.split('\n')[0] ?? '') : '';
  return error ? `${word} (${cut(error, 2 * MOST_CHARS)})` : word;
}

function definitionInWords({ fields, edges }: Row): string {
  const parts = [...(fields.length > 0 ? [placesInWords(fields, '')] : []), ...(edges.length > 0 ? [say('first.edges')] : [])];
  return parts.join(', ') || say('first.hidden');
}

function atPlaces(changes: readonly FieldChange[] | null): string {
  return changes === null || changes.length === 0 ? '' : say('first.at', { places: placesInWords(changes, '$') });
}

function placesInWords(changes: readonly FieldChange[], root: string): string {
  const named = changes.slice(0, NAMED).map(({ path, before, after }) =>
    say('first.place', { path: pathText(path, root).replace(/^\./, ''), left: short(before), right: short(after) }),
  );
  const rest = changes.length - named.length;
  return named.join(', ') + (rest > 0 ? ` ${say('first.more', { count: rest })}` : '');
}

function short(value: JSONValue | undefined): string {
  return value === undefined ? say('value.absent') : cut(JSON.stringify(value), MOST_CHARS);
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
