import type { ConversationRow } from "../bindings/ConversationRow";
import type { Key } from "../messages/t";
import type { Group } from "./days";

/** A line of the list; all are equally high, so that the place of each is known without drawing it. */
export type Line =
  | { label: Key; row: null; key: string }
  | { label: null; row: ConversationRow; key: string; at: number };

/** Groups as lines, with the number of each row. */
export function lines(groups: Group[]): Line[] {
  const found: Line[] = [];
  let at = 0;
  for (const { label, rows } of groups) {
    found.push({ label, row: null, key: label });
    for (const row of rows) found.push({ label: null, row, key: row.id, at: at++ });
  }
  return found;
}

/** Lines drawn beyond what is seen. */
const BEYOND = 8;

/** Which lines to draw: from, and up to before. */
export function drawn(count: number, height: number, top: number, seen: number): [number, number] {
  const from = Math.max(0, Math.floor(top / height) - BEYOND);
  return [from, Math.min(count, Math.ceil((top + seen) / height) + BEYOND)];
}
