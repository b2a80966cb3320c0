import { describe, expect, it } from 'vitest';
import { bindingText, bindingsOf, insertBinding, Names, previewBinding } from '../../src/builder/model/bindings';
import type { Task, TreeDocument } from '../../src/builder/model/document';
import { findReferences, referenceText, replaceReferences } from '../../src/builder/model/expressions';

const names = (text: string) => findReferences(text).map(({ name }) => name);

describe('references in a text', () => {
  it.each([
    ['{{ tasks.fetch.result.rows }}', ['fetch']],
    ['{{ tasks["Fetch users"].result }}', ['Fetch users']],
    ["{{ tasks['a\\'b'].result }}", ["a'b"]],
    ['{{ tasks["caf\\u00e9"] }}', ['café']],
    ['{{ tasks . a . result }}', ['a']],
    ['{{ tasks.a.result + tasks.b.result }} and {{tasks.c}}', ['a', 'b', 'c']],
    ['{{ (tasks.a.result or {}).get("rows", []) }}', ['a']],
    ['{{ {"x": {"y": tasks.a.result}} }}', ['a']],
    ['{% if tasks.a.error %}without a{% endif %}', ['a']],
    ['{% for t in tasks.a.result %}{{ t.tasks.b }}{% endfor %}', ['a']],
    ['{{ "tasks.a" }}', []],
    ['{{ "}}" ~ tasks.a.id }}', ['a']],
    ['tasks.a', []],
    ['{# tasks.a #} {{ tasks.b.id }}', ['b']],
    ['{% raw %}{{ tasks.a }}{% endraw %}{{ tasks.b.id }}', ['b']],
    ['{{ params.tasks.a }}', []],
    ['{{ mytasks.a }}', []],
    ['{{ tasks[name] }}', []],
    ['{{ tasks.a', ['a']],
    ['{{ "{{" }} tasks.a', []],
    ['{{ tasks.größe.result }}', ['größe']],
  ] as [string, string[]][])('%s', (text, expected) => {
    expect(names(text)).toEqual(expected);
  });

  it('are enclosed exactly', () => {
    const text = 'x {{ tasks["a b"].result }}';
    const [reference] = findReferences(text);
    expect(text.slice(reference!.from, reference!.to)).toBe('tasks["a b"]');
  });

  it.each([
    ['fetch', 'tasks.fetch'],
    ['Fetch users', 'tasks["Fetch users"]'],
    ['1st', 'tasks["1st"]'],
    // Methods of Python's dict would be found before the task.
    ['items', 'tasks["items"]'],
    ['_x', 'tasks["_x"]'],
    ['a"b\\c', 'tasks["a\\"b\\\\c"]'],
    ['größe', 'tasks["größe"]'],
  ])('to %s are written %s, and read as that name again', (name, expected) => {
    expect(referenceText(name)).toBe(expected);
    expect(names(`{{ ${expected}.result }}`)).toEqual([name]);
  });

  it('are replaced, and nothing else is', () => {
    const text = '{{ tasks.a.result }} tasks.a {{ tasks["a"].id + tasks.b.id }}';
    expect(replaceReferences(text, (name) => (name === 'a' ? 'new name' : null))).toBe(
      '{{ tasks["new name"].result }} tasks.a {{ tasks["new name"].id + tasks.b.id }}',
    );
  });
});

describe('bindings', () => {
  it('lead to the value that was clicked', () => {
    expect(bindingText('fetch', ['rows', 0, 'first name', 'items'])).toBe(
      '{{ tasks.fetch.result.rows[0]["first name"]["items"] }}',
    );
    expect(bindingText('Fetch users')).toBe('{{ tasks["Fetch users"].result }}');
  });

  it('are put where the cursor is', () => {
    expect(insertBinding('a  b', 'X', 2, 2)).toEqual({ text: 'a X b', cursor: 3 });
    expect(insertBinding('whole', 'X', 0, 5)).toEqual({ text: 'X', cursor: 1 });
  });

  it('preview what they bring', () => {
    expect(previewBinding({ status: 'ok', result: { rows: [1, 2] } }, ['rows', 1])).toBe(2);
    expect(previewBinding({ rows: [1] }, ['rows', 3])).toBeUndefined();
  });

  it('are listed with their place', () => {
    const task = { id: 'a', name: 'a', inputs: { x: ['{{ tasks.b.result }}'], y: 'none' } } as Task;
    expect(bindingsOf(task)).toMatchObject([{ path: ['x', 0], name: 'b', from: 3, to: 10 }]);
  });
});

describe('names', () => {
  const tasks = [
    { id: '1', name: 'a' },
    { id: '2', name: 'b' },
    { id: '3', name: 'b' },
    { id: '4', name: '2' },
  ] as Task[];
  const known = new Names({ tree: { name: '' }, tasks, rest: {} } as TreeDocument);
  it.each([
    ['a', '1'],
    ['b', null],
    ['3', '3'],
    ['2', '4'],
    ['none', null],
  ])('%s means %s', (name, id) => {
    expect(known.resolve(name)).toBe(id);
  });

  it('are used where they are unique, else ids, unless that would mean another task', () => {
    expect(['1', '2', '3', 'gone'].map((id) => known.nameFor(id))).toEqual(['a', null, '3', null]);
  });
});
