import type { ConversationRow } from "../../bindings/ConversationRow";
import type { ConversationView } from "../../bindings/ConversationView";
import type { MapView } from "../../bindings/MapView";
import type { MessageView } from "../../bindings/MessageView";

/** A message as it is kept; its versions follow from the tree. */
export type Node = Omit<MessageView, "branch">;

/** A conversation with every branch in memory. */
export class Tree {
  title = "";
  folder: string | null = null;
  pinned = false;
  archived = false;
  tags: string[] = [];
  turn: string | null = null;
  overflow: ConversationView["overflow"] = "drop";
  readonly nodes = new Map<string, Node>();
  private head: string | null = null;

  constructor(
    readonly id: string,
    public updatedMs: number,
  ) {}

  add(node: Node): void {
    this.nodes.set(node.id, node);
    this.head = node.id;
  }

  node(id: string): Node {
    const node = this.nodes.get(id);
    if (!node) throw { code: "conversation.unknown", message: "This message is not there." };
    return node;
  }

  /** Shows the newest branch that runs through a message. */
  choose(id: string): void {
    let at: string | undefined = this.node(id).id;
    while (at !== undefined) {
      this.head = at;
      at = this.children(at).at(-1)?.id;
    }
  }

  view(): ConversationView {
    const messages: MessageView[] = [];
    for (let at = this.head; at !== null;) {
      const node = this.node(at);
      messages.push(this.message(node));
      at = node.parent;
    }
    return {
      id: this.id,
      title: this.title,
      messages: messages.reverse(),
      overflow: this.overflow,
      turn: this.turn,
    };
  }

  message(node: Node): MessageView {
    const versions = this.children(node.parent).map((sibling) => sibling.id);
    return { ...node, branch: { versions, index: versions.indexOf(node.id) } };
  }

  row(): ConversationRow {
    const { id, title, updatedMs, folder, pinned, archived, tags } = this;
    return { id, title, updatedMs, folder, pinned, archived, tags };
  }

  map(): MapView {
    const shown = new Set(this.view().messages.map((message) => message.id));
    const nodes = [...this.nodes.values()].map(({ id, parent, role, text }) => ({
      id,
      parent,
      role,
      text,
      shown: shown.has(id),
    }));
    return { id: this.id, nodes };
  }

  /** Deletes a message and all that follows it. */
  remove(id: string): void {
    const { parent } = this.node(id);
    for (const child of this.children(id)) this.remove(child.id);
    this.nodes.delete(id);
    const beside = this.children(parent).at(-1);
    if (beside) this.choose(beside.id);
    else this.head = parent;
  }

  /** Deletes all branches but the newest through a message. */
  keep(id: string): void {
    this.choose(id);
    const kept = new Set(this.view().messages.map((message) => message.id));
    for (const other of this.nodes.keys()) if (!kept.has(other)) this.nodes.delete(other);
  }

  private children(parent: string | null): Node[] {
    return [...this.nodes.values()].filter((node) => node.parent === parent);
  }
}
