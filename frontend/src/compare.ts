/** The page that compares two runs: templates/pages/run_compare.html. A small entry, as in builder.ts. */

void import('./compare/mount');
