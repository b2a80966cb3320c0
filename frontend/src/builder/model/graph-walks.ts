/** Walks through a graph that is given by what follows each node. No recursion, so depth is no limit. */

type Next = (id: string) => readonly string[];

/** Everything that can be reached from some nodes, without themselves. */
export function reach(starts: readonly string[], next: Next): Set<string> {
  const found = new Set<string>();
  const stack = [...starts];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    for (const other of next(id)) {
      if (found.has(other)) continue;
      found.add(other);
      stack.push(other);
    }
  }
  for (const id of starts) found.delete(id);
  return found;
}

/** The shortest way from a node back to itself, with the node at both ends; null when there is none. */
export function cycleThrough(id: string, next: Next): string[] | null {
  const cameFrom = new Map<string, string>();
  const queue = [id];
  for (const at of queue) {
    for (const other of next(at)) {
      if (other === id) return [...pathTo(at, cameFrom), id];
      if (cameFrom.has(other)) continue;
      cameFrom.set(other, at);
      queue.push(other);
    }
  }
  return null;
}

function pathTo(end: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const path = [end];
  for (let at = cameFrom.get(end); at !== undefined; at = cameFrom.get(at)) path.push(at);
  return path.reverse();
}

/** Any cycle, with its first node repeated at the end; null when there is none. */
export function findCycle(ids: Iterable<string>, next: Next): string[] | null {
  const done = new Set<string>();
  for (const id of ids) {
    const cycle = done.has(id) ? null : walk(id, next, done);
    if (cycle) return cycle;
  }
  return null;
}

function walk(start: string, next: Next, done: Set<string>): string[] | null {
  const path = [start];
  const onPath = new Set(path);
  const left = [[...next(start)]];
  while (left.length > 0) {
    const other = left.at(-1)!.pop();
    if (other === undefined) {
      left.pop();
      const over = path.pop()!;
      onPath.delete(over);
      done.add(over);
    } else if (onPath.has(other)) return [...path.slice(path.indexOf(other)), other];
    else if (!done.has(other)) {
      path.push(other);
      onPath.add(other);
      left.push([...next(other)]);
    }
  }
  return null;
}
