/** Puts the comparison into its page. */

import { mount } from 'svelte';

import { readBoot } from '../core/boot';
import CompareView from './CompareView.svelte';

const target = document.getElementById('app');
if (target) {
  target.replaceChildren();
  mount(CompareView, { target, props: { boot: readBoot() } });
}
