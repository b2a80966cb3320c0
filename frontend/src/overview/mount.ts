/** Brings the overview to life: its numbers by the stream, its charts once they are seen. */

import { createApi } from '../core/api';
import { readBoot } from '../core/boot';
import { watchOverview } from '../core/live';
import { badge } from './badge';
import { Board, type Overview } from './board';
import { Looking } from './looking';

const boot = readBoot();
const looking = new Looking();
const charts = document.getElementById('charts-here');
const told = new EventTarget();

const watch = watchOverview(
  { apiBase: boot.apiBase, wsPath: boot.wsPath },
  {
    onOverview(frame) {
      if (!looking.hasStream) {
        looking.takeOver(true);
        badge(watch.state);
      }
      const { isOther, hasEnded } = board.show(frame as unknown as Overview);
      if (isOther) looking.look();
      if (hasEnded) told.dispatchEvent(new Event('ended'));
    },
    onState(state) {
      // Then the page looks for itself again, and says so.
      if (state.state === 'refused') looking.takeOver(false);
      else if (looking.hasStream) badge(state);
    },
  },
);
const board = new Board(document, () => watch.serverNow());

looking.onLooked(() => board.again());
setInterval(() => board.tick(), 1000);

if (charts) {
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    void import('./charts/mount').then(({ mountCharts }) => mountCharts(charts, createApi(boot), told));
  }).observe(charts);
}
