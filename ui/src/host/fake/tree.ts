import type { ConversationView } from "../../bindings/ConversationView";
import type { MessageView } from "../../bindings/MessageView";

/** A message as it is kept; its versions follow from the tree. */
export type Node = Omit<MessageView, "branch">;

/** A conversation with every branch in memory. */
export class Tree {
  title = "";
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

  private children(parent: string | null): Node[] {
    return [...this.nodes.values()].filter((node) => node.parent === parent);
  }
}
