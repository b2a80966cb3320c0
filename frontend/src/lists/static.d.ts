/** Scripts of every page that are used here too: static/js. */

declare module '*/static/js/morph.js' {
  export function morph(old: Node, fresh: Node): void;
}

declare module '*/static/js/times.js' {
  export function localise(root: ParentNode): void;
}
