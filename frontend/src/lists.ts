/** The lists of runs and trees, and the page of a tree. A small entry, as in builder.ts. */

void import('./lists/mount');
