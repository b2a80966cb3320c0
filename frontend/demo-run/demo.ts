/** The page on which the log and the task panel are looked at: `?view=log&lines=1000000`, `?view=panel&task=load&tab=result`. */

import { mount } from 'svelte';

import Demo from './Demo.svelte';

const root = document.getElementById('app');
if (root) mount(Demo, { target: root });
