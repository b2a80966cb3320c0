/** Puts the charts into their place. */

import { mount } from 'svelte';

import type { Api } from '../../core/api';
import Charts from './Charts.svelte';

/** `told` says by `ended` that a run has ended. */
export function mountCharts(target: HTMLElement, api: Api, told: EventTarget): void {
  target.replaceChildren();
  mount(Charts, { target, props: { api, told } });
}
