/** Puts the page that opens saved runs into its place. */

import { mount } from 'svelte';

import { readBoot } from '../../core/boot';
import OpenRun from './OpenRun.svelte';

const target = document.getElementById('app');
if (target) {
  target.replaceChildren();
  mount(OpenRun, { target, props: { boot: readBoot() } });
}
