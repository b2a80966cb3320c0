/** What else there is to say of a task, one sentence each. */

import type { TaskRun } from '../../core/api';
import type { TaskFacts } from '../../core/run-state';
import type { IconName } from '../../ui/basics/icons';
import { say } from './words';

export interface Note {
  readonly icon: IconName;
  readonly text: string;
  /** More of it, as it was written. */
  readonly detail?: string;
  /** Where a reused result came from. */
  readonly run?: string;
}

/** List the notes on a task; `known` is what the API tells, once it has come. */
export function notesOn(facts: TaskFacts, known: TaskRun | null): Note[] {
  return [...cancelNotes(facts, known), ...originNotes(facts, known), ...workerNotes(facts), ...hookNotes(facts)];
}

function cancelNotes({ cancelRequest, status }: TaskFacts, known: TaskRun | null): Note[] {
  if (cancelRequest) {
    const { by, reason } = cancelRequest;
    const text = by === null ? say('note.cancel') : say('note.cancelBy', { by });
    return [{ icon: 'cancelling', text, ...(reason ? { detail: say('reason', { reason }) } : {}) }];
  }
  const reason = status === 'cancelled' ? known?.cancel_reason : null;
  return reason ? [{ icon: 'cancelled', text: say('note.cancelled', { reason }) }] : [];
}

function originNotes(facts: TaskFacts, known: TaskRun | null): Note[] {
  const notes: Note[] = [];
  if (facts.reused) notes.push({ icon: 'reused', text: say('note.reused'), ...(known?.reused_from ? { run: known.reused_from.run } : {}) });
  if (facts.pinned) notes.push({ icon: 'pin', text: say('note.pinned') });
  if (facts.errorType === 'skipped') notes.push({ icon: 'chevron', text: say('note.skipped') });
  if (!facts.enabled) notes.push({ icon: 'paused', text: say('note.disabled') });
  return notes;
}

function workerNotes({ blockedLane, lateOutcome, workerLosses }: TaskFacts): Note[] {
  const notes: Note[] = [];
  if (blockedLane !== null) notes.push({ icon: 'warning', text: say('note.lane', { lane: blockedLane }) });
  if (lateOutcome) notes.push({ icon: 'clock', text: say('note.late', { ...lateOutcome }) });
  if (workerLosses > 0) notes.push({ icon: 'warning', text: workerLosses === 1 ? say('note.loss') : say('note.losses', { count: workerLosses }) });
  return notes;
}

function hookNotes({ editedFields, hookFailures }: TaskFacts): Note[] {
  const notes: Note[] = [];
  if (editedFields.length > 0) notes.push({ icon: 'edit', text: say('note.edited', { fields: editedFields.join(', ') }) });
  for (const { hook, error } of hookFailures) notes.push({ icon: 'warning', text: say('note.hook', { hook }), detail: error });
  return notes;
}
