import type { MessageView } from "../bindings/MessageView";

/** So many answers at most end between a reply's writing and its reading. */
const KEPT = 16;

/** The last turns that ended. A reply may say that a turn goes on when its end was told already. */
export class Ends {
  private readonly turns = new Set<string>();
  private readonly messages = new Map<string, MessageView>();

  add(turn: string, message: MessageView): void {
    keep(this.turns.add(turn));
    keep(this.messages.set(message.id, message));
  }

  has(turn: string): boolean {
    return this.turns.has(turn);
  }

  message(id: string): MessageView | undefined {
    return this.messages.get(id);
  }
}

function keep(all: Set<string> | Map<string, unknown>): void {
  for (const oldest of all.keys()) {
    if (all.size <= KEPT) return;
    all.delete(oldest);
  }
}
