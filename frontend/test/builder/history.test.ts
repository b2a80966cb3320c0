import { describe, expect, it } from 'vitest';
import { renameTask, setField, setInput, setRequired } from '../../src/builder/model/commands';
import { documentText, type TreeDocument } from '../../src/builder/model/document';
import { applyChanges } from '../../src/builder/model/edit';
import { History, MAX_STEPS, TYPING_PAUSE_MS } from '../../src/builder/model/history';
import { chances } from '../run-model';
import { counter, randomDocument, randomEdit, SEEDS } from './worlds';

function small(): TreeDocument {
  return {
    tree: { name: 'Tree' },
    rest: {},
    tasks: [
      { id: 'a', name: 'A' },
      { id: 'b', name: 'B', dependencies: ['a'] },
    ],
  };
}

function begin() {
  let time = 0;
  const history = new History(small(), () => time);
  return { history, wait: (ms: number) => void (time += ms) };
}

describe.each(SEEDS)('random edits (seed %i)', (seed) => {
  it('are taken back and done again to the same bytes', () => {
    const chance = chances(seed);
    const history = new History(randomDocument(chance, 20), () => 0);
    const newId = counter('n');
    const texts = [documentText(history.document)];
    let { revision } = history;
    for (let step = 0; step < 60; step += 1) {
      const work = () => void history.do(randomEdit(chance, history.document, newId));
      if (chance() < 0.2) {
        history.batched(() => {
          work();
          work();
        });
      } else work();
      // No letter of a word follows another here.
      history.endTyping();
      if (history.revision !== revision) texts.push(documentText(history.document));
      ({ revision } = history);
    }
    expect(texts.length).toBeGreaterThan(20);
    for (const expected of texts.slice(0, -1).reverse()) {
      expect(history.undo()).not.toBeNull();
      expect(documentText(history.document)).toBe(expected);
    }
    expect(history.undo()).toBeNull();
    for (const expected of texts.slice(1)) {
      history.redo();
      expect(documentText(history.document)).toBe(expected);
    }
    expect(history.redo()).toBeNull();
  });

  it('tell listeners changes that lead to the same document', () => {
    const chance = chances(seed + 1000);
    const history = new History(randomDocument(chance, 12), () => 0);
    const newId = counter('n');
    let mirror = history.document;
    history.subscribe((_, changes) => void (mirror = applyChanges(mirror, changes)));
    for (let step = 0; step < 40; step += 1) {
      const which = chance();
      if (which < 0.2) history.undo();
      else if (which < 0.3) history.redo();
      else history.do(randomEdit(chance, history.document, newId));
      expect(documentText(mirror)).toBe(documentText(history.document));
    }
  });
});

describe('a history', () => {
  it('makes one step of what is typed without a pause', () => {
    const { history, wait } = begin();
    for (const notes of ['h', 'he', 'hey']) {
      history.do(setField(history.document, ['a'], 'notes', notes));
      wait(TYPING_PAUSE_MS);
    }
    expect(history.document.tasks[0]!.notes).toBe('hey');
    history.undo();
    expect(history.document.tasks[0]!.notes).toBeUndefined();
    expect(history.undo()).toBeNull();
  });

  it('makes another step after a pause, and in another field', () => {
    const { history, wait } = begin();
    history.do(setField(history.document, ['a'], 'notes', 'h'));
    wait(TYPING_PAUSE_MS + 1);
    history.do(setField(history.document, ['a'], 'notes', 'he'));
    history.do(setInput(history.document, 'a', ['url'], 'x'));
    history.undo();
    history.undo();
    expect(history.document.tasks[0]).toEqual({ id: 'a', name: 'A', notes: 'h' });
  });

  it('joins a typed name whose bindings change with it', () => {
    const { history } = begin();
    history.do(setInput(history.document, 'b', ['v'], '{{ tasks.A.result }}'));
    for (const name of ['Al', 'Ali']) history.do(renameTask(history.document, 'a', name));
    expect(history.document.tasks[1]!.inputs).toEqual({ v: '{{ tasks.Ali.result }}' });
    history.undo();
    expect(history.document.tasks[1]!.inputs).toEqual({ v: '{{ tasks.A.result }}' });
  });

  it('does not join what is typed with a step that was brought back', () => {
    const { history } = begin();
    history.do(setField(history.document, ['a'], 'notes', 'h'));
    history.undo();
    history.redo();
    history.do(setField(history.document, ['a'], 'notes', 'he'));
    history.undo();
    expect(history.document.tasks[0]!.notes).toBe('h');
  });

  it('is clean again where it was saved', () => {
    const { history } = begin();
    expect(history.isDirty).toBe(false);
    history.do(setField(history.document, ['a'], 'priority', 0));
    const sent = history.revision;
    history.do(setField(history.document, ['b'], 'priority', 0));
    history.markSaved(sent);
    expect(history.isDirty).toBe(true);
    history.undo();
    expect(history.isDirty).toBe(false);
    history.undo();
    expect(history.isDirty).toBe(true);
    history.redo();
    expect(history.isDirty).toBe(false);
  });

  it('is dirty when other steps lead on from where it was saved', () => {
    const { history } = begin();
    history.do(setField(history.document, ['a'], 'priority', 0));
    history.markSaved();
    history.undo();
    history.do(setField(history.document, ['a'], 'priority', 1));
    expect(history.isDirty).toBe(true);
  });

  it('forgets what could be redone once something else is done, but not for what changes nothing', () => {
    const { history } = begin();
    history.do(setField(history.document, ['a'], 'priority', 0));
    history.undo();
    expect(history.do(setField(history.document, ['a'], 'priority', 2))).toBe(false);
    expect(history.redoLabel).not.toBeNull();
    history.do(setField(history.document, ['b'], 'priority', 0));
    expect(history.redoLabel).toBeNull();
  });

  it('takes a batch back that throws', () => {
    const { history } = begin();
    const before = documentText(history.document);
    const work = () => {
      history.do(setField(history.document, ['a'], 'priority', 0));
      throw new Error('no');
    };
    expect(() => history.batched(work)).toThrow('no');
    expect(documentText(history.document)).toBe(before);
    expect(history.isDirty).toBe(false);
    expect(history.undoLabel).toBeNull();
  });

  it('names its steps', () => {
    const { history } = begin();
    history.do(setRequired(history.document, [{ from: 'a', to: 'b' }], false));
    expect(history.undoLabel).toBe('Make A optional for B');
    history.batched(() => void history.do(setField(history.document, ['a', 'b'], 'priority', 0)), 'Urgent');
    expect(history.undoLabel).toBe('Urgent');
  });

  it('keeps so many steps', () => {
    const { history, wait } = begin();
    for (let step = 0; step <= MAX_STEPS; step += 1) {
      history.do(setField(history.document, ['a'], 'notes', String(step)));
      wait(TYPING_PAUSE_MS + 1);
    }
    let count = 0;
    while (history.undo() !== null) count += 1;
    expect(count).toBe(MAX_STEPS);
    expect(history.document.tasks[0]!.notes).toBe('0');
  });
});
