/**
 * The page of the builder: templates/pages/builder.html.
 *
 * Only this small file has a name without a hash. What it loads may be imported by other chunks, which an entry must not be:
 * it would run twice, under two names.
 */

void import('./builder/app/mount');
