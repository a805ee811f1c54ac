import type { ReceiptView } from "../../bindings/ReceiptView";
import { RICH } from "./answers";
import { Tree } from "./tree";

const HOUR = 3_600_000;

/** Pairs of a question and its answer, with the hours since then. */
const PAST: [hours: number, title: string, ...pairs: [string, string][]][] = [
  [0.1, "Why are there two tides a day?", ["Why are there two tides a day?", RICH]],
  [
    2,
    "A note to the landlord",
    [
      "Help me write a short note to my landlord about the heating.",
      "Dear Ms. Okafor,\n\nthe radiator in the living room has been cold since Monday. Could you send someone this week? I am at home every day after four.\n\nKind regards",
    ],
    [
      "Make it a little firmer.",
      "Dear Ms. Okafor,\n\nthe living room has been without heating since Monday. Please have it repaired by Friday; I am at home every day after four.\n\nKind regards",
    ],
  ],
  [
    5,
    "Regex for ISO dates",
    ["A regex for ISO dates?", "Use `\\d{4}-\\d{2}-\\d{2}` and check the ranges in code."],
  ],
  [
    26,
    "Packing list for four days of rain",
    ["Packing list for four days of rain?", "- shell\n- wool socks\n- dry bags"],
  ],
  [31, "Explain ownership in Rust", ["Explain ownership in Rust.", "Each value has one owner."]],
  [80, "Dinner from leeks and potatoes", ["Dinner from leeks and potatoes?", "Soup."]],
  [130, "What is a monad, without the burrito", ["What is a monad?", "A way to chain steps."]],
  [400, "Names for a quiet cat", ["Names for a quiet cat?", "Moss, Linen, Hush."]],
];

export function receipt(model: string, tokens: number): ReceiptView {
  return {
    route: "device",
    reason: "only-route",
    model,
    promptTokens: 58,
    tokens,
    firstTokenMs: 312,
    tokensPerSecond: 41.3,
    reusedTokens: 0,
    acceptedTokens: 0,
    unseenMessages: 0,
    summary: null,
  };
}

/** Conversations of the last weeks. */
export function pastConversations(now: number, model: string): Tree[] {
  return PAST.map(([hours, title, ...pairs], nth) => {
    const createdMs = now - hours * HOUR;
    const tree = new Tree(`past-${nth}`, createdMs);
    tree.title = title;
    let parent: string | null = null;
    pairs.forEach(([question, answer], pair) => {
      const asked = `past-${nth}-q${pair}`;
      const said = `past-${nth}-a${pair}`;
      const common = { state: "complete" as const, createdMs };
      tree.add({
        ...common,
        id: asked,
        parent,
        role: "user",
        text: question,
        attachments: [],
        receipt: null,
      });
      tree.add({
        ...common,
        id: said,
        parent: asked,
        role: "assistant",
        text: answer,
        attachments: [],
        receipt: receipt(model, Math.ceil(answer.length / 4)),
      });
      parent = said;
    });
    return tree;
  });
}
