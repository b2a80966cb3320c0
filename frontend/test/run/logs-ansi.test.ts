import { describe, expect, it } from 'vitest';

import { readTerminal } from '../../src/run/logs/ansi';
import { trueColour } from '../../src/run/logs/ansi-colours';

const looks = (message: string): [string, string][] => {
  const [{ text, runs }] = readTerminal(message) as [ReturnType<typeof readTerminal>[number]];
  return runs.map((run, index) => [text.slice(runs[index - 1]?.to ?? 0, run.to), run.look]);
};
const texts = (message: string): string[] => readTerminal(message).map((line) => line.text);

describe('colours', () => {
  it('of 16, of 256 and true ones become names', () => {
    expect(looks('a\x1b[31mb\x1b[92mc\x1b[0md')).toEqual([['a', ''], ['b', 'ink-red'], ['c', 'ink-green'], ['d', '']]);
    expect(looks('\x1b[38;5;208mx\x1b[48;2;0;0;255my')).toEqual([['x', 'ink-yellow'], ['y', 'ink-yellow on-blue']]);
    expect(looks('\x1b[38:2::255:0:0mx\x1b[38:5:51my')).toEqual([['x', 'ink-red'], ['y', 'ink-cyan']]);
    expect(looks('\x1b[1;4;33;44mx\x1b[22;39;49my')).toEqual([['x', 'ink-yellow on-blue bold underline'], ['y', 'underline']]);
  });

  it('inverse, and none at all', () => {
    expect(looks('\x1b[7ma\x1b[31mb\x1b[27mc\x1b[md')).toEqual([['a', 'on-inverse'], ['b', 'on-red'], ['c', 'ink-red'], ['d', '']]);
    expect(readTerminal('\x1b[0mplain\x1b[39m')[0]).toEqual({ text: 'plain', runs: [] });
  });

  it('go on in the next line of a message', () => {
    const [first, second] = readTerminal('\x1b[31ma\nb');
    expect([first?.runs[0]?.look, second?.runs[0]?.look]).toEqual(['ink-red', 'ink-red']);
  });

  it('every hue has a name, and a pale one is grey or ink', () => {
    expect([[255, 0, 0], [255, 200, 0], [0, 255, 0], [0, 255, 255], [0, 0, 255], [255, 0, 255], [255, 0, 40]].map(([r, g, b]) => trueColour(r!, g!, b!))).toEqual([
      'red', 'yellow', 'green', 'cyan', 'blue', 'magenta', 'red',
    ]);
    expect([trueColour(250, 250, 250), trueColour(90, 90, 90), trueColour(0, 0, 256), trueColour(1.5, 0, 0)]).toEqual(['ink', 'grey', null, null]);
  });

  it.each(['\x1b[38;5m', '\x1b[38;5;999m', '\x1b[38;2;1;2m', '\x1b[;;;;m', '\x1b[99999999999999999999m', '\x1b[38;9;1m', '\x1b[:m'])('nonsense %j changes nothing', (escape) => {
    expect(readTerminal(`${escape}x`)[0]?.runs.map((run) => run.look) ?? []).toEqual([]);
  });
});

describe('other escapes', () => {
  it('are dropped, and nothing else is', () => {
    expect(texts('a\x1b[2Jb\x1b[10;20Hc\x1b(Bd\x1b=e\x1b]0;title\x07f\x1b]8;;javascript:alert(1)\x1b\\g\x1b]8;;\x1b\\h\x9b31mi')).toEqual(['abcdefghi']);
    expect(texts('a\x00b\x07c\x08d\x7fe')).toEqual(['abcde']);
  });

  it('that do not end hide no text', () => {
    expect(texts('a\x1b]0;never ends')).toEqual(['a0;never ends']);
    expect(texts('a\x1bPb\nc\x07')).toEqual(['ab', 'c']);
    expect(texts('a\x1b[12\x1b[31mb')).toEqual(['ab']);
    expect(texts('a\x1b')).toEqual(['a']);
    expect(texts('a\x1b[')).toEqual(['a']);
  });

  it('what turns the direction of writing round can be seen', () => {
    expect(texts('safe\u202etxt.exe')).toEqual(['safe‹U+202E›txt.exe']);
  });

  it('what is shown never has a control character', () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648);
    const alphabet = ['\x1b', '[', ']', 'm', '3', '1', ';', ':', '\x07', '\\', '\n', '\r', 'x', '\x9b', '\u202e', 'P', '<', '\t', ' '];
    for (let round = 0; round < 600; round += 1) {
      const message = Array.from({ length: 24 }, () => alphabet[random() % alphabet.length]).join('');
      for (const { text, runs } of readTerminal(message)) {
        // eslint-disable-next-line no-control-regex
        expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e]/);
        expect(runs.map((run) => run.to)).toEqual([...new Set(runs.map((run) => run.to))].sort((a, b) => a - b));
        if (runs.length > 0) expect(runs.at(-1)?.to).toBe(text.length);
        expect(runs.every((run) => /^[a-z -]*$/.test(run.look))).toBe(true);
      }
    }
  });

  it('each character is looked at a few times, whatever is in a message', () => {
    let reads = 0;
    const counted = (message: string): string => {
      reads = 0;
      const original = String.prototype.charCodeAt;
      String.prototype.charCodeAt = function charCodeAt(this: string, index: number) {
        reads += 1;
        return original.call(this, index);
      };
      try {
        readTerminal(message);
      } finally {
        String.prototype.charCodeAt = original;
      }
      return message;
    };
    for (const message of ['\x1b]'.repeat(8_000), '\x1b['.repeat(8_000), `\x1b[${'1;'.repeat(8_000)}`, '\x1bP\x1b'.repeat(5_000)]) {
      counted(message);
      expect(reads).toBeLessThan(message.length * 12);
    }
  });
});

describe('lines', () => {
  it('end where a line ends, and the last end is none', () => {
    expect(texts('a\nb\r\nc\rd\n')).toEqual(['a', 'b', 'c', 'd']);
    expect(texts('')).toEqual(['']);
    expect(texts('\n\nx')).toEqual(['', '', 'x']);
  });

  it('tabs go to the next stop', () => {
    expect(texts('a\tb\t\tc')).toEqual(['a       b               c']);
  });
});
