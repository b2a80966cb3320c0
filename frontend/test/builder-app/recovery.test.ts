import { beforeEach, describe, expect, it } from 'vitest';

import { Recovery } from '../../src/builder/app/recovery';
import type { TreeDocument } from '../../src/builder/model/document';

const DAY = 24 * 3600 * 1000;
const DOCUMENT: TreeDocument = { tree: { name: 'Nightly' }, rest: {}, tasks: [{ id: 'a', name: 'A', executor: 'echo' }] };

class Shelf {
  readonly kept = new Map<string, string>();
  isFull = false;

  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.isFull) throw new Error('QuotaExceededError');
    this.kept.set(key, value);
  }

  removeItem(key: string): void {
    this.kept.delete(key);
  }
}

let shelf: Shelf;
let now: number;
const recovery = (user = 'ada', tree: string | null = 't1') => new Recovery(user, tree, shelf, () => now);

beforeEach(() => {
  shelf = new Shelf();
  now = 1_000;
});

describe('what was not saved', () => {
  it('is found again with its version and its time', () => {
    recovery().keep(DOCUMENT, 7);
    now += DAY;
    expect(recovery().find()).toEqual({ document: DOCUMENT, version: 7, at: 1_000 });
  });

  it('of a tree that was never saved has no version', () => {
    recovery('ada', null).keep(DOCUMENT, null);
    expect(recovery('ada', null).find()?.version).toBeNull();
    expect(recovery('ada', 't1').find()).toBeNull();
  });

  it('belongs to one user and one tree', () => {
    recovery('ada', 't1').keep(DOCUMENT, 1);
    expect(recovery('bob', 't1').find()).toBeNull();
    expect(recovery('ada', 't2').find()).toBeNull();
  });

  it('is forgotten when told, and after two weeks', () => {
    recovery().keep(DOCUMENT, 1);
    now += 14 * DAY;
    expect(recovery().find()).not.toBeNull();
    now += 1;
    expect(recovery().find()).toBeNull();
    now -= 2;
    recovery().forget();
    expect(recovery().find()).toBeNull();
  });

  it('is nothing when it can’t be read', () => {
    recovery().keep(DOCUMENT, 1);
    const [key] = [...shelf.kept.keys()];
    for (const text of ['', '{', '[]', '{"text": 3, "at": 1}', '{"text": "{", "at": 1}', '{"text": "{}", "at": "x"}']) {
      shelf.kept.set(key!, text);
      expect(recovery().find(), text).toBeNull();
    }
  });
});

describe('a storage that is full', () => {
  it('disturbs nobody, and does not offer what is older than what was lost', () => {
    recovery().keep(DOCUMENT, 1);
    shelf.isFull = true;
    expect(() => recovery().keep({ ...DOCUMENT, tasks: [] }, 2)).not.toThrow();
    expect(recovery().find()).toBeNull();
  });
});
