// Makes one piece of the page equal to another while touching only what differs: what people opened, selected,
// scrolled or focused stays as it is, and running animations go on.

/** Children with an id are matched by it; the others by their place. */
export function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || (old.id || fresh.id) && old.id !== fresh.id) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  // What a script has drawn is its own.
  if (old.dataset?.own !== undefined || old.isEqualNode(fresh)) return;
  copyAttributes(old, fresh);
  // What somebody is typing in is theirs.
  if (old.matches('input, select, textarea')) return;
  morphChildren(old, fresh);
}

function copyAttributes(old, fresh) {
  for (const {name, value} of fresh.attributes) {
    if (!isTheirs(old, name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const {name} of [...old.attributes]) {
    if (!isTheirs(old, name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
}

function isTheirs(element, name) {
  return name === 'open' && element.nodeName === 'DETAILS';
}

function morphChildren(old, fresh) {
  const kept = new Map();
  for (const child of old.children) if (child.id) kept.set(child.id, child);
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const match = wanted.id ? kept.get(wanted.id) : at && !at.id ? at : null;
    if (!match) {
      old.insertBefore(wanted, at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else old.insertBefore(match, at);
    morph(match, wanted);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}
