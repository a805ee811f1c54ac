import { SvelteMap } from "svelte/reactivity";

import { expect, type Host } from "../host";

/** So long after the last key a draft is kept in the vault. */
const KEEP_MS = 600;

/** What was typed and not yet sent, one text a conversation; `null` is the one not yet begun. */
export class Drafts {
  private readonly texts = new SvelteMap<string | null, string>();
  /** What the vault has. */
  private readonly kept = new SvelteMap<string | null, string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Questions that are being edited, by message. */
  readonly edits = new SvelteMap<string, string>();

  constructor(private readonly host: Host) {}

  /** Takes what the vault kept; what was typed meanwhile stays. */
  async load(): Promise<void> {
    const all = expect(await this.host.call({ do: "drafts", what: { draft: "all" } }), "drafts");
    for (const { conversation, text } of all) {
      this.kept.set(conversation, text);
      if (!this.texts.has(conversation)) this.texts.set(conversation, text);
    }
  }

  of(conversation: string | null): string {
    return this.texts.get(conversation) ?? "";
  }

  set(conversation: string | null, text: string): void {
    if (text === "") this.texts.delete(conversation);
    else this.texts.set(conversation, text);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), KEEP_MS);
  }

  /** Keeps in the vault what isn't there yet. What fails is tried again with the next key. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    for (const conversation of [...this.texts.keys(), ...this.kept.keys()]) {
      const text = this.of(conversation);
      if (text === (this.kept.get(conversation) ?? "")) continue;
      try {
        await this.host.call({ do: "drafts", what: { draft: "keep", conversation, text } });
        this.kept.set(conversation, text);
      } catch {
        // Typed text is in the window still; a conversation that is gone needs no draft.
      }
    }
  }

  /** Forgets all that is shown; the vault keeps its own. */
  clear(): void {
    clearTimeout(this.timer);
    this.texts.clear();
    this.kept.clear();
    this.edits.clear();
  }

  /** Takes what was sent out of a draft that may have grown meanwhile. */
  sent(conversation: string | null, text: string): void {
    const now = this.of(conversation);
    if (now.startsWith(text)) this.set(conversation, now.slice(text.length).trimStart());
  }

  move(from: string | null, to: string): void {
    const text = this.of(from);
    this.set(from, "");
    this.set(to, text);
  }
}
