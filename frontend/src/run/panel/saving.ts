/** Handing something to the browser as a file. */

/** Save a text as a file. */
export function saveText(text: string, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = name;
  link.click();
  // Not at once: the browser begins to read it later.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Make a name for a file from words. */
export function fileName(...words: string[]): string {
  return `${words.map((word) => word.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 60)).join('-')}.json`;
}
