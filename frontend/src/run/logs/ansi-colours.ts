/**
 * The colours of terminals, brought down to a few that can be read on this page, light and dark.
 *
 * What a program chose was meant for a terminal whose background nobody knows. Here each becomes the nearest of eight names,
 * and the style sheet of the row gives every name a colour of enough contrast.
 */

export type ColourName = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'grey' | 'ink';

const BASIC: readonly ColourName[] = ['grey', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'ink'];
/** Where each hue begins, in degrees. */
const HUES: readonly (readonly [number, ColourName])[] = [
  [20, 'red'],
  [75, 'yellow'],
  [160, 'green'],
  [200, 'cyan'],
  [265, 'blue'],
  [330, 'magenta'],
  [360, 'red'],
];

/** Return the name for one of the 16 colours of the terminal. */
export function basicColour(number: number): ColourName {
  return BASIC[number & 7]!;
}

/** Return the name for one of 256 colours; null for a number that is none. */
export function indexedColour(number: number): ColourName | null {
  if (!Number.isInteger(number) || number < 0 || number > 255) return null;
  if (number < 16) return basicColour(number);
  if (number >= 232) return number < 248 ? 'grey' : 'ink';
  const cube = number - 16;
  const channel = (step: number): number => (step === 0 ? 0 : 55 + step * 40);
  return trueColour(channel(Math.floor(cube / 36)), channel(Math.floor(cube / 6) % 6), channel(cube % 6));
}

/** Return the name for a colour of 8 bits a channel; null for what is none. */
export function trueColour(red: number, green: number, blue: number): ColourName | null {
  if (![red, green, blue].every((channel) => Number.isInteger(channel) && channel >= 0 && channel <= 255)) return null;
  const most = Math.max(red, green, blue);
  const spread = most - Math.min(red, green, blue);
  if (spread < 32) return most > 200 ? 'ink' : 'grey';
  const hue = hueOf(red, green, blue, most, spread);
  return HUES.find(([end]) => hue < end)?.[1] ?? 'red';
}

function hueOf(red: number, green: number, blue: number, most: number, spread: number): number {
  if (most === red) return (60 * ((green - blue) / spread) + 360) % 360;
  return most === green ? 60 * ((blue - red) / spread) + 120 : 60 * ((red - green) / spread) + 240;
}
