/** What keeps the tree from being run, from the server's own rules, as one types. */

import type { Api, Problem } from '../../core/api';
import { documentJSON, type TreeDocument } from '../model/document';

/** Pauses in typing that are longer than this are used to ask. */
const PAUSE_MS = 350;

/** A problem, and the task that it is about; null is the tree. */
export interface Found extends Problem {
  readonly taskId: string | null;
  /** The path from the task, or from the document, without `$`: `inputs.url`. */
  readonly place: string;
}

export class Problems {
  list = $state.raw<readonly Found[]>([]);
  byTask = $state.raw<ReadonlyMap<string, readonly Found[]>>(new Map());
  /** False while the list is not that of the document of now. */
  isCurrent = $state(false);
  private timer: ReturnType<typeof setTimeout> | null = null;
  private asked: AbortController | null = null;

  constructor(private readonly api: Api) {}

  /** Ask about a document, soon. */
  check(document: TreeDocument): void {
    this.isCurrent = false;
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(document), PAUSE_MS);
  }

  /** Take over what the server said when the document was loaded or saved. */
  take(problems: readonly Problem[], document: TreeDocument): void {
    this.stop();
    this.show(problems, document);
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.asked?.abort();
  }

  private async ask(document: TreeDocument): Promise<void> {
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    try {
      const { problems } = await this.api.trees.validate(documentJSON(document), { signal: asked.signal });
      if (!asked.signal.aborted) this.show(problems, document);
    } catch {
      // The next change asks again, and saving says what is wrong; a list that is old is marked as such.
    }
  }

  private show(problems: readonly Problem[], document: TreeDocument): void {
    this.list = problems.map((problem) => placed(problem, document));
    const byTask = new Map<string, Found[]>();
    for (const found of this.list) {
      if (found.taskId === null) continue;
      const known = byTask.get(found.taskId);
      if (known) known.push(found);
      else byTask.set(found.taskId, [found]);
    }
    this.byTask = byTask;
    this.isCurrent = true;
  }
}

/** Find the task that a path such as `$.tasks[3].inputs.url` leads to. */
export function placed(problem: Problem, document: TreeDocument): Found {
  const match = /^\$\.tasks\[(\d+)\]\.?(.*)$/.exec(problem.path);
  const task = match ? document.tasks[Number(match[1])] : undefined;
  if (!match || !task) return { ...problem, taskId: null, place: problem.path.replace(/^\$\.?/, '') };
  return { ...problem, taskId: task.id, place: match[2]! };
}
