/** `?nodes=30&mode=view&theme=dark&live=1`: a generated graph on the canvas. */

import { mount } from 'svelte';

import Demo from './Demo.svelte';

const options = new URLSearchParams(location.search);
const theme = options.get('theme');
if (theme) document.documentElement.dataset.theme = theme;

mount(Demo, {
  target: document.querySelector('#demo')!,
  props: {
    count: Number(options.get('nodes') ?? 30),
    mode: options.get('mode') === 'view' ? 'view' : 'edit',
    live: options.has('live'),
  },
});
