// The administration writes times as UTC; where a text is nothing but such a time, the reader gets their own, with UTC on hover.

import {localise} from './times.js';

const TIME = /^\s*(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC\s*$/;

function wrapAll(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const parts = TIME.exec(walker.currentNode.data);
    if (parts && !walker.currentNode.parentElement.closest('time, textarea, pre')) found.push([walker.currentNode, parts]);
  }
  for (const [text, [words, day, hour]] of found) {
    const time = document.createElement('time');
    time.dateTime = `${day}T${hour}Z`;
    time.title = words.trim();
    text.replaceWith(time);
  }
  localise(root);
}

wrapAll(document.getElementById('content') ?? document.body);
