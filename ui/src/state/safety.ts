import type { SafetyCall } from "../bindings/SafetyCall";
import type { SafetyView } from "../bindings/SafetyView";
import { expect } from "../host";
import type { Tandem } from "./tandem.svelte";

/** Asks about backups and ways out; what a person must be told of it is shown. */
export async function safety(tandem: Tandem, what: SafetyCall): Promise<SafetyView> {
  const view = expect(await tandem.host.call({ do: "safety", what }), "safety");
  if (view.told !== null) tandem.window.told = view.told;
  return view;
}

export type Way = "goOn" | "rescue" | "restore" | "erase";

const WAYS: Record<string, Way[]> = {
  "vault.rolled-back": ["restore", "goOn"],
  "vault.damaged": ["rescue", "restore"],
  "vault.mismatch": ["rescue", "restore"],
  "vault.beyond-rescue": ["restore", "erase"],
  "vault.backup-damaged": ["restore", "erase"],
  "vault.log-without-database": ["restore", "erase"],
  "vault.not-encrypted": ["restore", "erase"],
  "vault.key-lost": ["restore", "erase"],
  "vault.key-file": ["restore", "erase"],
};

/** What helps when the vault can't be opened for this reason. */
export function waysOut(code: string): Way[] {
  return WAYS[code] ?? [];
}
