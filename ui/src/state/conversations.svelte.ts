import { SvelteSet } from "svelte/reactivity";

import type { ConversationRow } from "../bindings/ConversationRow";
import type { FolderChange } from "../bindings/FolderChange";
import type { Keeping } from "../bindings/Keeping";
import type { Shelf } from "../bindings/Shelf";
import type { Shelves } from "../bindings/Shelves";
import { expect, type Host } from "../host";

/** Rows asked for at once. */
const PAGE = 200;
/** The most that one answer holds. */
const MOST = 1000;

const EVERYTHING: Shelf = { folder: null, tag: null, archived: false };

/** How to take back the last change, and what it was. */
export interface Undo {
  done: Keeping;
  count: number;
  run: () => Promise<void>;
}

/** The list of conversations: pinned ones first, then newest first, as much of it as was looked at. */
export class Conversations {
  rows = $state.raw<ConversationRow[]>([]);
  loaded = $state(false);
  shelf = $state.raw<Shelf>(EVERYTHING);
  shelves = $state.raw<Shelves>({ folders: [], tags: [], models: [] });
  /** Ids of the rows that are marked for a common action. */
  readonly selected = new SvelteSet<string>();
  undo = $state.raw<Undo | null>(null);
  private next: string | null = null;
  private asked = 0;
  private adding = false;

  constructor(private readonly host: Host) {}

  /** Asks again for all that is shown. */
  async load(): Promise<void> {
    const mine = ++this.asked;
    const wanted = Math.max(this.rows.length, PAGE);
    const rows: ConversationRow[] = [];
    let next: string | null = null;
    do {
      const limit = Math.min(wanted - rows.length, MOST);
      const page = await this.page(next, limit);
      rows.push(...page.rows);
      ({ next } = page);
      // An answer that was overtaken by a later one is old.
      if (mine < this.asked) return;
    } while (next !== null && rows.length < wanted);
    const shelves = expect(await this.host.call({ do: "shelves" }), "shelves");
    if (mine < this.asked) return;
    this.rows = rows;
    this.next = next;
    this.shelves = shelves;
    this.loaded = true;
  }

  /** The next page, when the end of the rows comes near. */
  async more(): Promise<void> {
    if (this.next === null || this.adding) return;
    this.adding = true;
    const mine = this.asked;
    try {
      const page = await this.page(this.next, PAGE);
      if (mine < this.asked) return;
      this.rows = [...this.rows, ...page.rows];
      this.next = page.next;
    } finally {
      this.adding = false;
    }
  }

  /** Shows another shelf. */
  async show(part: Partial<Shelf>): Promise<void> {
    this.shelf = { ...EVERYTHING, ...part };
    this.rows = [];
    this.loaded = false;
    this.selected.clear();
    await this.load();
  }

  title(id: string | null): string | undefined {
    return this.rows.find((row) => row.id === id)?.title;
  }

  async rename(id: string, title: string): Promise<void> {
    await this.host.call({ do: "rename", id, title });
    this.rows = this.rows.map((row) => (row.id === id ? { ...row, title } : row));
  }

  async remove(id: string): Promise<void> {
    await this.host.call({ do: "delete", id });
    this.rows = this.rows.filter((row) => row.id !== id);
    this.select(id, false);
  }

  /** Changes where conversations are kept; `undo` takes it back. */
  async keep(ids: string[], keeping: Keeping): Promise<void> {
    const before = this.rows.filter((row) => ids.includes(row.id));
    await this.host.call({ do: "keep", ids, keeping });
    this.selected.clear();
    const run = async () => {
      this.undo = null;
      for (const [old, these] of opposites(before, keeping))
        await this.host.call({ do: "keep", ids: these, keeping: old });
      await this.load();
    };
    this.undo = { done: keeping, count: ids.length, run };
    await this.load();
  }

  async changeFolder(change: FolderChange): Promise<void> {
    this.shelves = expect(await this.host.call({ do: "folder", change }), "shelves");
    if (change.make === "gone" && this.shelf.folder === change.id) await this.show({});
  }

  select(id: string, on: boolean): void {
    if (on) this.selected.add(id);
    else this.selected.delete(id);
  }

  private async page(after: string | null, limit: number) {
    const call = { do: "list", shelf: this.shelf, after, limit } as const;
    return expect(await this.host.call(call), "page");
  }
}

/** What brings rows back to where they were, with the ids that it is for. */
function opposites(rows: ConversationRow[], keeping: Keeping): [Keeping, string[]][] {
  const ids = (some: ConversationRow[]) => some.map((row) => row.id);
  switch (keeping.to) {
    case "pinned":
      return [
        [{ to: "pinned", on: !keeping.on }, ids(rows.filter((r) => r.pinned !== keeping.on))],
      ];
    case "archived":
      return [
        [{ to: "archived", on: !keeping.on }, ids(rows.filter((r) => r.archived !== keeping.on))],
      ];
    case "tag": {
      const had = (row: ConversationRow) => row.tags.includes(keeping.name) === keeping.on;
      return [[{ ...keeping, on: !keeping.on }, ids(rows.filter((row) => !had(row)))]];
    }
    case "folder": {
      const folders = rows
        .map((row) => row.folder)
        .filter((id, at, every) => every.indexOf(id) === at);
      return folders.map((id) => [
        { to: "folder", id },
        ids(rows.filter((row) => row.folder === id)),
      ]);
    }
  }
}
