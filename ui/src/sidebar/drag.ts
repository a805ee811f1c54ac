import type { ConversationRow } from "../bindings/ConversationRow";

const KIND = "application/x-tandem-conversations";

/** Takes conversations along with the pointer. */
export function drag(event: DragEvent, rows: ConversationRow[]): void {
  event.dataTransfer?.setData(KIND, JSON.stringify(rows.map((row) => row.id)));
}

/** Allows a drop of conversations. */
export function over(event: DragEvent): void {
  if (event.dataTransfer?.types.includes(KIND)) event.preventDefault();
}

/** The ids of the conversations that were dropped. */
export function dropped(event: DragEvent): string[] {
  event.preventDefault();
  const ids: unknown = JSON.parse(event.dataTransfer?.getData(KIND) || "[]");
  return Array.isArray(ids) ? ids.map(String) : [];
}
