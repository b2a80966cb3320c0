/** Puts the builder into its page. */

import { mount } from 'svelte';

import { readBoot } from '../../core/boot';
import Builder from './Builder.svelte';

const target = document.getElementById('app');
if (target) {
  target.replaceChildren();
  mount(Builder, { target, props: { boot: readBoot() } });
}
