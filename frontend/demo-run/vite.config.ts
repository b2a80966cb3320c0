import { demoPage } from '../demo-pages.ts';

/** Builds the page on which the log and the task panel are looked at. */
export default demoPage('demo-run');
