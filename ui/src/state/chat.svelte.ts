import type { Call } from "../bindings/Call";
import type { ConversationView } from "../bindings/ConversationView";
import type { Event } from "../bindings/Event";
import type { Failure } from "../bindings/Failure";
import type { MapNode } from "../bindings/MapNode";
import type { MessageView } from "../bindings/MessageView";
import { asFailure, expect, type Host } from "../host";
import { Ends } from "./ends";
import { Lives } from "./live.svelte";

/** The largest question, in bytes of UTF-8. */
export const MAX_BYTES = 1_048_576;

/** So long after a stop, its turn has ended or has nobody left who would end it. */
const STOP_MS = 1_000;

const tooLong = (text: string) =>
  text.length > MAX_BYTES ||
  (text.length * 3 > MAX_BYTES && new TextEncoder().encode(text).length > MAX_BYTES);

/** The conversation that is shown. */
export class Chat {
  /** `null` until the first question makes it. */
  id = $state<string | null>(null);
  title = $state("");
  messages = $state.raw<MessageView[]>([]);
  turn = $state<string | null>(null);
  /** What becomes of the conversation's beginning when it no longer fits. */
  overflow = $state<ConversationView["overflow"]>("drop");
  /** A question is being handed over. */
  sending = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** The message that a search led to. */
  target = $state<string | null>(null);
  readonly lives = new Lives();

  private wanted = 0;
  /** The shown conversation is being asked for again. */
  private asking = false;
  private readonly ends = new Ends();

  constructor(private readonly host: Host) {}

  get busy(): boolean {
    return this.turn !== null || this.sending;
  }

  /** An empty page; nothing is stored before the first question. */
  clear(): void {
    this.wanted += 1;
    this.id = null;
    this.title = "";
    this.messages = [];
    this.turn = null;
    this.overflow = "drop";
    this.failure = null;
    this.target = null;
  }

  async open(id: string, message: string | null = null): Promise<void> {
    const call: Call =
      message === null
        ? { do: "conversation", id }
        : { do: "chooseBranch", conversation: id, message };
    await this.load(call);
    if (this.id === id) this.target = message;
  }

  choose(message: string): Promise<void> {
    return this.id === null
      ? Promise.resolve()
      : this.load({ do: "chooseBranch", conversation: this.id, message });
  }

  /** All messages of the conversation, on every branch. */
  async map(): Promise<MapNode[]> {
    if (this.id === null) return [];
    return expect(await this.host.call({ do: "map", id: this.id }), "map").nodes;
  }

  /** Deletes a message with all that follows it, for good. Rejects with the failure. */
  deleteBranch(message: string): Promise<void> {
    return this.prune("deleteBranch", message);
  }

  /** Deletes all branches but the one through a message, for good. Rejects with the failure. */
  keepBranch(message: string): Promise<void> {
    return this.prune("keepBranch", message);
  }

  private async prune(what: "deleteBranch" | "keepBranch", message: string): Promise<void> {
    const { id } = this;
    if (id === null) return;
    const view = expect(
      await this.host.call({ do: what, conversation: id, message }),
      "conversation",
    );
    if (this.id === id) this.show(view);
  }

  /** Asks after `parent`. When there is no conversation yet, makes one and tells `made`. Rejects with the failure. */
  async ask(text: string, parent: string | null, made?: (id: string) => void): Promise<void> {
    if (this.busy) return;
    if (tooLong(text)) throw { code: "ui.tooLong", message: "" } satisfies Failure;
    this.sending = true;
    const mine = this.wanted;
    try {
      let conversation = this.id;
      if (conversation === null) {
        const fresh = expect(await this.host.call({ do: "newConversation" }), "conversation");
        conversation = fresh.id;
        made?.(conversation);
        if (mine === this.wanted) this.id = conversation;
      }
      const reply = await this.host.call({ do: "ask", conversation, parent, text });
      this.began(expect(reply, "turn"));
    } finally {
      this.sending = false;
    }
  }

  async regenerate(message: string): Promise<void> {
    const { id } = this;
    if (id === null || this.busy) return;
    this.failure = null;
    this.sending = true;
    try {
      const call: Call = { do: "regenerate", conversation: id, message };
      this.began(expect(await this.host.call(call), "turn"));
    } catch (thrown) {
      this.fail(id, thrown);
    } finally {
      this.sending = false;
    }
  }

  async stop(): Promise<void> {
    const { id, turn } = this;
    if (turn === null) return;
    try {
      await this.host.call({ do: "stop", turn });
    } catch (thrown) {
      this.fail(id, thrown);
      return;
    }
    await new Promise((wait) => setTimeout(wait, STOP_MS));
    if (this.turn === turn) await this.again();
  }

  /** Chooses what becomes of the beginning from the next answer on. */
  async setOverflow(overflow: ConversationView["overflow"]): Promise<void> {
    const { id } = this;
    if (id === null) return;
    try {
      await this.host.call({ do: "setOverflow", conversation: id, overflow });
      if (this.id === id) this.overflow = overflow;
    } catch (thrown) {
      this.fail(id, thrown);
    }
  }

  /** Says what went wrong in a conversation, unless another one is shown by now. */
  fail(conversation: string | null, thrown: unknown): void {
    if (this.id === conversation) this.failure = asFailure(thrown);
  }

  apply(event: Extract<Event, { on: "turn" }>): void {
    const whole = this.lives.apply(event.message, event.step);
    if (!whole && event.conversation === this.id) void this.again();
    if (event.step.is !== "ended") return;
    if (event.turn === this.turn) this.turn = null;
    const { message } = event.step;
    this.ends.add(event.turn, message);
    this.messages = this.messages.map((old) => (old.id === message.id ? message : old));
  }

  /** Asks again for what is shown. */
  async again(): Promise<void> {
    if (this.id === null || this.asking) return;
    this.asking = true;
    await this.load({ do: "conversation", id: this.id });
    this.asking = false;
  }

  private began({ turn, view }: { turn: string; view: ConversationView }): void {
    if (view.id === this.id) this.show({ ...view, turn: view.turn ?? turn });
  }

  private async load(call: Call): Promise<void> {
    const mine = ++this.wanted;
    this.failure = null;
    try {
      const view = expect(await this.host.call(call), "conversation");
      if (mine === this.wanted) this.show(view);
    } catch (thrown) {
      if (mine === this.wanted) this.failure = asFailure(thrown);
    }
  }

  private show(view: ConversationView): void {
    if (view.id !== this.id) this.failure = null;
    this.id = view.id;
    this.title = view.title;
    this.overflow = view.overflow;
    this.target = null;
    this.turn = view.turn !== null && !this.ends.has(view.turn) ? view.turn : null;
    this.messages = view.messages.map((message) => {
      if (message.state !== "streaming") return message;
      const ended = this.ends.message(message.id);
      if (!ended) this.lives.adopt(message.id, message.text);
      return ended ?? message;
    });
  }
}
