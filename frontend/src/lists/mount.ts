/** Puts what is live into the pages of the lists. Everything else on them is there without a script. */

import { mount } from 'svelte';

import { createApi } from '../core/api';
import { readBoot } from '../core/boot';
import Overlays from '../ui/overlays/Overlays.svelte';
import type { ListsBoot } from './boot';
import TreeGrid from './grid/TreeGrid.svelte';
import { useLocalMoments } from './runs/moments';
import NewRuns from './runs/NewRuns.svelte';
import RunActs from './runs/RunActs.svelte';
import { RunList } from './runs/run-list.svelte';
import ViewsMenu from './runs/ViewsMenu.svelte';
import ImportTree from './trees/ImportTree.svelte';
import TreeActs from './trees/TreeActs.svelte';

const boot: ListsBoot = readBoot();
const api = createApi(boot);
const place = (id: string): HTMLElement | null => document.getElementById(id);

const overlays = document.createElement('div');
document.body.append(overlays);
mount(Overlays, { target: overlays });

if (boot.runs) {
  const list = new RunList(api, boot, boot.runs);
  const [acts, fresh, head, grid] = ['runs-acts', 'runs-new', 'runs-head', 'tree-grid'].map(place);
  if (acts) mount(RunActs, { target: acts, props: { list } });
  if (fresh) mount(NewRuns, { target: fresh, props: { list } });
  if (head) mount(ViewsMenu, { target: head, props: { api, runs: boot.runs } });
  if (grid && boot.treeId) {
    grid.replaceChildren();
    mount(TreeGrid, { target: grid, props: { api, treeId: boot.treeId, runsUrl: boot.pages.runs, list } });
  }
  const form = document.querySelector<HTMLFormElement>('[data-run-filters]');
  if (form) useLocalMoments(form);
  list.start();
}

const importPlace = place('trees-import');
if (importPlace) mount(ImportTree, { target: importPlace, props: { api, treesUrl: boot.pages.trees } });
for (const row of document.querySelectorAll<HTMLElement>('tr[data-tree]')) {
  const target = row.querySelector('[data-tree-acts]');
  const id = row.id.replace(/^tree-/, '');
  if (target) mount(TreeActs, { target, props: { api, boot, row, id, name: row.dataset.tree ?? '' } });
}
