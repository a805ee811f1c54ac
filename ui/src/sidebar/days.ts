import type { ConversationRow } from "../bindings/ConversationRow";
import type { Key } from "../messages/t";

export interface Group {
  label: Key;
  rows: ConversationRow[];
}

/** Rows, newest first, by the day they were last used in the local time zone; empty groups are left out. */
export function byDay(rows: ConversationRow[], now: Date): Group[] {
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1).getTime();
  const groups: Group[] = [
    { label: "days.today", rows: rows.filter((row) => row.updatedMs >= today) },
    {
      label: "days.yesterday",
      rows: rows.filter((row) => row.updatedMs < today && row.updatedMs >= yesterday),
    },
    { label: "days.earlier", rows: rows.filter((row) => row.updatedMs < yesterday) },
  ];
  return groups.filter((group) => group.rows.length > 0);
}
