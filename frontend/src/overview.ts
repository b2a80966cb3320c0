/** The overview: templates/pages/overview.html. A small entry, as in builder.ts. */

void import('./overview/mount');
