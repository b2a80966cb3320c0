/** The page that opens a saved run: templates/pages/run_open.html. A small entry, as in builder.ts. */

void import('./run/file/mount');
