/** The page on which the UI kit is looked at. */

import { mount } from 'svelte';

import Demo from './Demo.svelte';

const root = document.getElementById('app');
if (root) mount(Demo, { target: root });
