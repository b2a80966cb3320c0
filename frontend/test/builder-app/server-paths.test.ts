import { describe, expect, it } from 'vitest';

import { readServerPath } from '../../src/builder/app/server-paths';

describe('a path of the server', () => {
  it.each([
    ['$', []],
    ['$.tasks[3].inputs.url', ['tasks', 3, 'inputs', 'url']],
    ['$.tasks[0].inputs["a b"][2]', ['tasks', 0, 'inputs', 'a b', 2]],
    ['.rows[1].name', ['rows', 1, 'name']],
    ['$.inputs["say \\"hi\\""]', ['inputs', 'say "hi"']],
    ['$.inputs["caf\\u00e9"]', ['inputs', 'café']],
    ['$.inputs["12"]', ['inputs', '12']],
    ['', []],
  ])('%s', (written, path) => {
    expect(readServerPath(written)).toEqual(path);
  });

  it('ends where it can’t be read', () => {
    expect(readServerPath('$.a.%b.c')).toEqual(['a']);
    expect(readServerPath('$.a[x]')).toEqual(['a']);
  });

  it('is read anew each time', () => {
    readServerPath('$.a.b.c');
    expect(readServerPath('.x')).toEqual(['x']);
  });
});
