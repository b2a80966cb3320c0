/** The colours and fonts of static/css/tokens.css, for painting; read again when the theme changes. */

import { TONES, type Tone } from '../tones';

export interface ToneColours {
  readonly ink: string;
  readonly soft: string;
}

export interface Colours {
  readonly surface: string;
  readonly sunken: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly ink: string;
  readonly inkSoft: string;
  readonly accent: string;
  readonly accentSoft: string;
  readonly focus: string;
  readonly warning: string;
  readonly failed: string;
  readonly font: string;
  readonly tones: Readonly<Record<Tone, ToneColours>>;
}

/** Read the colours that are in force at an element. */
export function readColours(element: Element): Colours {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const tone = (name: Tone): [Tone, ToneColours] => [name, { ink: token(name), soft: token(`${name}-soft`) }];
  return {
    surface: token('surface'),
    sunken: token('sunken'),
    line: token('line'),
    lineStrong: token('line-strong'),
    ink: token('ink'),
    inkSoft: token('ink-soft'),
    accent: token('accent'),
    accentSoft: token('accent-soft'),
    focus: token('focus'),
    warning: token('retrying'),
    failed: token('failed'),
    font: token('font') || 'sans-serif',
    tones: Object.fromEntries([...new Set(Object.values(TONES))].map(tone)) as Record<Tone, ToneColours>,
  };
}

/** Call `listener` when the theme changes, by the system or on the page; returns how to stop. */
export function onTheme(listener: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class', 'style'] });
  dark.addEventListener('change', listener);
  return () => {
    observer.disconnect();
    dark.removeEventListener('change', listener);
  };
}
