/** Who else has this tree open: `Ada is editing`. */

import type { Api } from '../../core/api';

const EVERY_MS = 15_000;

export interface Other {
  readonly user: string;
  readonly editing: boolean;
}

export class Presence {
  others = $state.raw<readonly Other[]>([]);
  private readonly page = crypto.randomUUID();
  private timer: ReturnType<typeof setInterval> | null = null;
  private treeId: string | null = null;

  constructor(
    private readonly api: Api,
    private readonly isEditing: () => boolean,
  ) {}

  /** Say again and again that this page has a tree open. */
  start(treeId: string): void {
    if (this.treeId === treeId) return;
    this.stop();
    this.treeId = treeId;
    void this.say();
    this.timer = setInterval(() => void this.say(), EVERY_MS);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    if (this.treeId) void this.api.client.send('DELETE', `${at(this.treeId)}/${this.page}`, { keepalive: true }).catch(() => undefined);
    this.treeId = null;
    this.others = [];
  }

  /** Say it at once, because something has changed. */
  async say(): Promise<void> {
    if (!this.treeId) return;
    const body = { page: this.page, editing: this.isEditing() };
    try {
      const { others } = await this.api.client.send<{ others: Other[] }>('PUT', at(this.treeId), { body });
      this.others = others;
    } catch {
      this.others = [];
    }
  }
}

function at(treeId: string): string {
  return `/trees/${encodeURIComponent(treeId)}/presence`;
}

/** Say who is there. */
export function presenceWords(others: readonly Other[]): string {
  const editing = others.filter((other) => other.editing).map((other) => other.user);
  const looking = others.filter((other) => !other.editing).map((other) => other.user);
  const parts = [
    editing.length ? `${listed(editing)} ${editing.length > 1 ? 'are' : 'is'} editing` : '',
    looking.length ? `${listed(looking)} ${looking.length > 1 ? 'have' : 'has'} it open` : '',
  ];
  return parts.filter(Boolean).join(', ');
}

function listed(names: readonly string[]): string {
  const shown = names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} more`] : names;
  return [shown.slice(0, -1).join(', '), ...shown.slice(-1)].filter(Boolean).join(' and ');
}
