import { createContext, tick } from "svelte";

import type { Event } from "../bindings/Event";
import { asFailure, type Host } from "../host";
import { t } from "../messages/t";
import { App } from "./app.svelte";
import { Chat } from "./chat.svelte";
import { Conversations } from "./conversations.svelte";
import { Drafts } from "./drafts.svelte";
import { Search } from "./search.svelte";
import { Window } from "./window.svelte";

/** Characters of an answer that are read out when it ends. */
const READ_OUT = 600;

/** All state of the page, and what ties its parts. */
export class Tandem {
  readonly app: App;
  readonly conversations: Conversations;
  readonly chat: Chat;
  readonly search: Search;
  readonly drafts: Drafts;
  readonly window = new Window();
  private stop: (() => void) | undefined;

  constructor(readonly host: Host) {
    this.app = new App(host);
    this.conversations = new Conversations(host);
    this.chat = new Chat(host);
    this.search = new Search(host);
    this.drafts = new Drafts(host);
  }

  async start(): Promise<void> {
    try {
      this.stop = await this.host.watch((batch) => this.apply(batch));
    } catch (thrown) {
      this.app.failure = asFailure(thrown);
      return;
    }
    await this.app.load();
  }

  end(): void {
    this.stop?.();
  }

  /** Tries again what failed at start. */
  async retry(): Promise<void> {
    if (this.stop) await this.app.retry();
    else await this.start();
  }

  /** Sends the composer's draft; it stays there when that fails. */
  async send(): Promise<void> {
    const { chat, drafts } = this;
    let conversation = chat.id;
    const text = drafts.of(conversation);
    if (!/\S/.test(text) || chat.busy) return;
    chat.failure = null;
    try {
      await chat.ask(text, chat.messages.at(-1)?.id ?? null, (made) => {
        drafts.move(conversation, made);
        conversation = made;
      });
      drafts.sent(conversation, text);
    } catch (thrown) {
      chat.fail(conversation, thrown);
    }
  }

  /** Keeps what is typed, then locks. The shell begins anew; until then nothing stays on the page. */
  async lock(): Promise<void> {
    await this.drafts.flush();
    await this.app.keys({ make: "lock" });
  }

  newChat(): void {
    this.window.leaveSidebar();
    this.search.clear();
    this.chat.clear();
    this.window.focusComposer();
  }

  async remove(id: string): Promise<void> {
    await this.conversations.remove(id);
    this.drafts.set(id, "");
    if (this.chat.id === id) this.chat.clear();
  }

  private forget(): void {
    this.window.sheet = null;
    this.window.announcement = "";
    this.search.clear();
    this.chat.clear();
    this.drafts.clear();
  }

  private async apply(batch: Event[]): Promise<void> {
    let listChanged = false;
    for (const event of batch) {
      if (event.on === "state") this.app.state = event.state;
      else if (event.on === "conversations") listChanged = true;
      else if (event.on === "exchange") this.window.exchanged = event.done;
      else if (event.on === "locked") this.forget();
      else if (event.on === "missed") {
        listChanged = true;
        void this.app.load();
        void this.chat.again();
      } else {
        this.chat.apply(event);
        if (event.step.is === "ended" && event.conversation === this.chat.id) {
          const text = event.step.message.text.slice(0, READ_OUT);
          this.window.announcement = t("a11y.answered", { text });
        }
      }
    }
    if (listChanged) void this.conversations.load().catch(() => undefined);
    await tick();
  }
}

export const [useTandem, provideTandem] = createContext<Tandem>();
