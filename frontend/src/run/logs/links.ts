/** Addresses in a text: http and https alone, whatever else a text calls a link. */

export interface Link {
  readonly from: number;
  readonly to: number;
  readonly href: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`{}|\\^\u0000-\u001f\u007f-\u009f‹›]+/gi;
const LONGEST = 2_048;
const CLOSING: Readonly<Record<string, string>> = { ')': '(', ']': '[' };

/** Find the links in one line. */
export function findLinks(text: string): readonly Link[] {
  if (!text.includes('://')) return [];
  const found: Link[] = [];
  for (const { 0: whole, index } of text.matchAll(ADDRESS)) {
    const written = trim(whole.slice(0, LONGEST));
    const href = readAddress(written);
    if (href !== null) found.push({ from: index, to: index + written.length, href });
  }
  return found;
}

/** Without the full stop behind it, and without a bracket that was opened in front of it. */
function trim(address: string): string {
  const counts: Record<string, number> = {};
  for (const character of address) if (character in CLOSING || '(['.includes(character)) counts[character] = (counts[character] ?? 0) + 1;
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address[end - 1]!;
    const opening = CLOSING[last];
    if (opening && (counts[last] ?? 0) > (counts[opening] ?? 0)) counts[last] = counts[last]! - 1;
    else if (!'.,;:!?*'.includes(last)) break;
  }
  return address.slice(0, end);
}

function readAddress(written: string): string | null {
  if (!URL.canParse(written)) return null;
  const { protocol, hostname, href } = new URL(written);
  return (protocol === 'http:' || protocol === 'https:') && hostname !== '' ? href : null;
}
