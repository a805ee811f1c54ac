import { SvelteMap } from "svelte/reactivity";

/** What was typed and not yet sent, one text a conversation; `null` is the one not yet begun. */
export class Drafts {
  private readonly texts = new SvelteMap<string | null, string>();
  /** Questions that are being edited, by message. */
  readonly edits = new SvelteMap<string, string>();

  of(conversation: string | null): string {
    return this.texts.get(conversation) ?? "";
  }

  set(conversation: string | null, text: string): void {
    if (text === "") this.texts.delete(conversation);
    else this.texts.set(conversation, text);
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
