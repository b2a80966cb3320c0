import { demoPage } from '../demo-pages.ts';

/** Builds the page on which the UI kit is looked at. */
export default demoPage('demo-ui');
