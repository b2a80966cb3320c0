/** Putting text on the clipboard. */

import { announce } from '../overlays/announce.svelte';
import { toast } from '../overlays/toasts.svelte';
import { text } from '../texts';

/** Copy a text, and say so; `what` is said for it. */
export async function copyText(copied: string, what: string): Promise<boolean> {
  try {
    // Not there on a page that came over plain http from another machine.
    await navigator.clipboard.writeText(copied);
  } catch {
    toast(text('json.notCopied'), { tone: 'warning', hint: copied.length < 200 ? copied : null });
    return false;
  }
  announce(text('json.copied', { what }));
  return true;
}
