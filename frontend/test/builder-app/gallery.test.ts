import { describe, expect, it } from 'vitest';

import { begun, PATTERNS } from '../../src/builder/app/gallery';
import { TaskGraph } from '../../src/builder/model/graph';
import { bindingsOf, Names } from '../../src/builder/model/bindings';
import { dependenciesOf, parentOf, positionOf } from '../../src/builder/model/task';

const counted = () => {
  let number = 0;
  return () => `new-${(number += 1)}`;
};

describe('the patterns', () => {
  it('are those of the guide, the simplest first', () => {
    expect(PATTERNS.map(({ name }) => name)).toHaveLength(7);
    expect(PATTERNS[0]!.name).toBe('Pipeline');
    for (const { name, about } of PATTERNS) expect(about, name).not.toBe('');
  });

  it.each(PATTERNS.map((pattern) => [pattern.name, pattern] as const))('%s begins as a tree of its own', (_name, pattern) => {
    const tree = begun(pattern, counted());
    const ids = new Set(tree.tasks.map(({ id }) => id));
    expect(ids.size).toBe(pattern.document.tasks.length);
    expect([...ids].every((id) => id.startsWith('new-'))).toBe(true);
    for (const task of tree.tasks) {
      for (const edge of dependenciesOf(task)) expect(ids).toContain(edge.id);
      const parent = parentOf(task);
      if (parent !== null) expect(ids).toContain(parent);
      expect(positionOf(task), task.name).not.toBeNull();
      for (const binding of bindingsOf(task)) expect(new Names(tree).resolve(binding.name), binding.text).not.toBeNull();
    }
    expect(new TaskGraph(tree).findCycle()).toBeNull();
    expect(tree.tree.name).toBe(pattern.document.tree.name);
    expect(tree.tree.parameters ?? null).toEqual(pattern.document.tree.parameters ?? null);
  });

  it('are not changed by what is made of them', () => {
    const [pattern] = PATTERNS;
    const before = JSON.stringify(pattern!.document);
    begun(pattern!, counted());
    expect(JSON.stringify(pattern!.document)).toBe(before);
  });
});
