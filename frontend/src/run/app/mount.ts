/** Puts the run view into its page. */

import { mount } from 'svelte';

import { readBoot } from '../../core/boot';
import RunView from './RunView.svelte';

const target = document.getElementById('app');
if (target) {
  target.replaceChildren();
  mount(RunView, { target, props: { boot: readBoot() } });
}
