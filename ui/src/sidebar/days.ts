import type { ConversationRow } from "../bindings/ConversationRow";
import type { Key } from "../messages/t";

export interface Group {
  label: Key;
  rows: ConversationRow[];
}

const LABELS: Key[] = ["list.pinned", "days.today", "days.yesterday", "days.earlier"];

/**
 * Rows in their order, by the day they were last used in the local time zone; empty groups are left out. A row whose
 * clock was wrong stays with its neighbors.
 */
export function byDay(rows: ConversationRow[], now: Date): Group[] {
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1).getTime();
  const groups: Group[] = [];
  let last = 0;
  for (const row of rows) {
    const day = row.updatedMs >= today ? 1 : row.updatedMs >= yesterday ? 2 : 3;
    const at = row.pinned ? 0 : Math.max(day, last);
    const label = LABELS[at] ?? "days.earlier";
    if (groups.at(-1)?.label !== label) groups.push({ label, rows: [] });
    groups.at(-1)?.rows.push(row);
    last = at;
  }
  return groups;
}
