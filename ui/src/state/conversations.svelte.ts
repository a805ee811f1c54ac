import type { ConversationRow } from "../bindings/ConversationRow";
import { expect, type Host } from "../host";

/** The list of conversations, newest first. */
export class Conversations {
  rows = $state.raw<ConversationRow[]>([]);
  loaded = $state(false);
  private asked = 0;

  constructor(private readonly host: Host) {}

  async load(): Promise<void> {
    const mine = ++this.asked;
    const rows = expect(await this.host.call({ do: "conversations" }), "conversations");
    // An answer that was overtaken by a later one is old.
    if (mine < this.asked) return;
    this.rows = rows;
    this.loaded = true;
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
  }
}
