import type { AppState } from "../../bindings/AppState";
import type { Call } from "../../bindings/Call";
import type { EngineState } from "../../bindings/EngineState";
import type { Event } from "../../bindings/Event";
import type { KeysView } from "../../bindings/KeysView";
import type { ListPage } from "../../bindings/ListPage";
import type { ModelCard } from "../../bindings/ModelCard";
import type { Notice } from "../../bindings/Notice";
import type { Reply } from "../../bindings/Reply";
import type { Shelf } from "../../bindings/Shelf";
import type { VaultState } from "../../bindings/VaultState";
import type { Host, Watcher } from "../host";
import { answerTo } from "./answers";
import { find } from "./find";
import { FakeKeys } from "./keys";
import { LARGER, REPORT, SMALL, SPEED } from "./machine";
import { receipt } from "./seed";
import { FakeExchange } from "./exchange";
import { keep, Kept } from "./kept";
import { FakeSafety } from "./safety";
import { Tree } from "./tree";

export interface FakeOptions {
  vault?: VaultState;
  engine?: EngineState;
  keys?: Partial<KeysView>;
  /** Milliseconds between two pieces of an answer. */
  pace?: number;
  past?: Tree[];
  /** Told once, before the text of the next answer goes on. */
  notice?: Notice;
  answer?: (question: string, nth: number) => string;
}

const READY: EngineState = { is: "ready", device: "CPU", gpuLayers: 0, context: 8192 };

/** Plays the assistant in memory: for tests and for a plain browser. */
export class FakeHost implements Host {
  /** Every call, oldest first. */
  readonly calls: Call[] = [];
  readonly opened: string[] = [];
  copied = "";
  ended = false;
  /** The next call of this kind fails so. */
  failNext: { do: Call["do"]; code: string; message: string } | null = null;
  pick: string | null = null;
  readonly safety = new FakeSafety();

  private readonly trees = new Map<string, Tree>();
  private readonly running = new Map<string, () => void>();
  private readonly pace: number;
  private readonly kept = new Kept();
  readonly exchange = new FakeExchange();
  private readonly keys: FakeKeys;
  private watcher: Watcher | null = null;
  private models: ModelCard[] = [SMALL, LARGER];
  private state: AppState;
  private made = 0;
  private answers = 0;

  constructor(private readonly options: FakeOptions = {}) {
    this.pace = options.pace ?? 24;
    for (const tree of options.past ?? []) this.trees.set(tree.id, tree);
    const locked = options.vault?.is === "locked";
    const ways = locked ? { keyring: false, passphrase: true } : {};
    this.keys = new FakeKeys({ ...ways, ...options.keys });
    this.state = {
      vault: options.vault ?? { is: "open" },
      keys: this.keys.view,
      engine: options.engine ?? READY,
      model: SMALL,
      theme: "system",
      tuning: { sleepMinutes: 15, drafts: true, spareBattery: true },
      version: "0.1.0",
    };
  }

  async call(call: Call): Promise<Reply> {
    this.calls.push(call);
    await Promise.resolve();
    if (this.failNext?.do === call.do) {
      const { code, message } = this.failNext;
      this.failNext = null;
      throw { code, message };
    }
    return this.answer(call);
  }

  async watch(watcher: Watcher): Promise<() => void> {
    this.watcher = watcher;
    return () => (this.watcher = null);
  }

  async pickModelFile(): Promise<string | null> {
    return this.pick;
  }

  async openLink(url: string): Promise<void> {
    this.opened.push(url);
  }

  async copy(text: string): Promise<void> {
    this.copied = text;
    await navigator.clipboard?.writeText(text).catch(() => undefined);
  }

  async quit(): Promise<void> {
    this.ended = true;
  }

  tell(event: Event): void {
    void this.watcher?.([event]);
  }

  setEngine(engine: EngineState): void {
    this.state = { ...this.state, engine };
    this.tell({ on: "state", state: this.state });
  }

  private answer(call: Call): Reply {
    switch (call.do) {
      case "state":
        return { state: this.state };
      case "retry":
        if (this.state.vault.is === "locked") return this.unlocked();
        return { state: this.state };
      case "protect":
        this.keys.made(call.protection.with === "passphrase" ? call.protection.passphrase : null);
        return this.unlocked();
      case "unlock":
        if (!this.keys.opens(call.passphrase)) {
          throw { code: "vault.passphrase", message: "This passphrase does not open the vault." };
        }
        return this.unlocked();
      case "keys": {
        const reply = this.keys.call(call.what);
        if (reply !== null) return reply;
        if (call.what.make === "recover") return this.unlocked();
        if (call.what.make === "lock") return this.lock();
        this.state = { ...this.state, keys: this.keys.view };
        return { state: this.state };
      }
      case "drafts":
        return this.keys.draft(call.what);
      case "conversations":
        return { conversations: this.rows() };
      case "list":
        return { page: this.page(call.shelf, call.after, call.limit) };
      case "shelves":
        return { shelves: this.kept.shelves(this.trees.values()) };
      case "keep":
        for (const id of call.ids) keep(this.tree(id), call.keeping);
        return this.changed();
      case "folder":
        this.kept.change(call.change, this.trees.values());
        this.changed();
        return { shelves: this.kept.shelves(this.trees.values()) };
      case "map":
        return { map: this.tree(call.id).map() };
      case "deleteBranch":
        this.tree(call.conversation).remove(call.message);
        return { conversation: this.tree(call.conversation).view() };
      case "keepBranch":
        this.tree(call.conversation).keep(call.message);
        return { conversation: this.tree(call.conversation).view() };
      case "conversation":
        return { conversation: this.tree(call.id).view() };
      case "newConversation":
        return { conversation: this.make().view() };
      case "rename":
        this.tree(call.id).title = call.title;
        return this.changed();
      case "delete":
        this.trees.delete(call.id);
        return this.changed();
      case "search":
        return { found: find(this.trees.values(), call.query, call.within) };
      case "chooseBranch":
        this.tree(call.conversation).choose(call.message);
        return { conversation: this.tree(call.conversation).view() };
      case "setOverflow":
        this.tree(call.conversation).overflow = call.overflow;
        return "done";
      case "ask":
        return this.ask(this.tree(call.conversation), call.parent, call.text);
      case "regenerate": {
        const tree = this.tree(call.conversation);
        return this.begin(tree, tree.node(call.message).parent ?? "");
      }
      case "stop":
        this.running.get(call.turn)?.();
        return "done";
      case "models":
        return { models: this.models };
      case "useModel":
        this.state = { ...this.state, model: this.models.find((m) => m.id === call.id) ?? null };
        return { state: this.state };
      case "addModel":
        return this.addModel(call.path);
      case "setTheme":
        this.state = { ...this.state, theme: call.theme };
        return { state: this.state };
      case "tune":
        this.state = { ...this.state, tuning: call.tuning };
        return { state: this.state };
      case "exchange":
        return this.exchange.answer(call.what, this.trees.values());
      case "bench":
        return { bench: SPEED };
      case "doctor":
        return { doctor: REPORT };
      case "safety": {
        const { view, after } = this.safety.answer(call.what);
        if (after === "open") this.state = { ...this.state, vault: { is: "open" } };
        if (after === "new") {
          this.trees.clear();
          this.state = { ...this.state, vault: { is: "new", keyring: { is: "ready" } } };
        }
        if (after !== "same") this.tell({ on: "state", state: this.state });
        return { safety: view };
      }
    }
  }

  private unlocked(): Reply {
    this.state = { ...this.state, vault: { is: "open" }, keys: this.keys.view };
    return { state: this.state };
  }

  private lock(): Reply {
    this.state = { ...this.state, vault: { is: "locked" }, keys: this.keys.view };
    this.tell({ on: "locked" });
    return { state: this.state };
  }

  private ask(tree: Tree, parent: string | null, text: string): Reply {
    const id = this.id("m");
    if (tree.title === "") tree.title = text.trim().split("\n")[0]?.slice(0, 48) ?? "";
    tree.add({
      id,
      parent,
      role: "user",
      text,
      attachments: [],
      state: "complete",
      createdMs: Date.now(),
      receipt: null,
    });
    tree.updatedMs = Date.now();
    this.changed();
    return this.begin(tree, id);
  }

  private begin(tree: Tree, question: string): Reply {
    const [turn, id] = [this.id("t"), this.id("m")];
    const asked = tree.node(question).text;
    const text = (this.options.answer ?? answerTo)(asked, this.answers++);
    tree.add({
      id,
      parent: question,
      role: "assistant",
      text: "",
      attachments: [],
      state: "streaming",
      createdMs: Date.now(),
      receipt: null,
    });
    tree.turn = turn;
    this.stream(tree, turn, id, text.match(/\s*\S{1,9}|\s+$/g) ?? []);
    return { turn: { turn, view: tree.view() } };
  }

  private stream(tree: Tree, turn: string, id: string, pieces: string[]): void {
    const node = tree.node(id);
    const tell = (step: Extract<Event, { on: "turn" }>["step"]) =>
      this.tell({ on: "turn", turn, conversation: tree.id, message: id, step });
    let at = 0;
    const end = (state: "complete" | "stopped") => {
      clearInterval(timer);
      this.running.delete(turn);
      tree.turn = null;
      Object.assign(node, { state, receipt: receipt(this.state.model?.name ?? "", at) });
      tell({ is: "ended", message: tree.message(node) });
    };
    this.running.set(turn, () => end("stopped"));
    const timer = setInterval(() => {
      if (at === 0) tell({ is: "started" });
      if (at === 4 && this.options.notice) tell({ is: "notice", notice: this.options.notice });
      const delta = pieces[at];
      if (delta === undefined) return end("complete");
      const from = node.text.length;
      node.text += delta;
      at += 1;
      tell({ is: "text", at: from, delta, tokens: at });
    }, this.pace);
  }

  private addModel(path: string): Reply {
    if (!path.endsWith(".gguf")) {
      throw { code: "model.notGguf", message: `'${path}' is not a GGUF file.` };
    }
    const name = path.split("/").at(-1)?.replace(".gguf", "") ?? path;
    this.models = [...this.models, { ...LARGER, id: path, name, license: "" }];
    return { models: this.models };
  }

  private rows() {
    return [...this.trees.values()]
      .map((tree) => tree.row())
      .sort((a, b) => Number(b.pinned) - Number(a.pinned) || b.updatedMs - a.updatedMs);
  }

  private page(shelf: Shelf, after: string | null, limit: number): ListPage {
    const rows = this.rows().filter(
      (row) =>
        row.archived === shelf.archived &&
        (shelf.folder === null || row.folder === shelf.folder) &&
        (shelf.tag === null || row.tags.includes(shelf.tag)),
    );
    const from = Number(after ?? 0);
    const end = from + limit;
    return { rows: rows.slice(from, end), next: end < rows.length ? String(end) : null };
  }

  private make(): Tree {
    const tree = new Tree(this.id("c"), Date.now());
    this.trees.set(tree.id, tree);
    return tree;
  }

  private tree(id: string): Tree {
    const tree = this.trees.get(id);
    if (!tree) throw { code: "conversation.unknown", message: "This conversation is not there." };
    return tree;
  }

  private changed(): Reply {
    this.tell({ on: "conversations" });
    return "done";
  }

  private id(kind: string): string {
    this.made += 1;
    return `${kind}${this.made}`;
  }
}
