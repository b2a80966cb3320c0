/** The page of a run: templates/pages/run_live.html. A small entry, as in builder.ts. */

void import('./run/app/mount');
