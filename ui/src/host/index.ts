import type { Host } from "./host";
import { tauri } from "./tauri";

export { asFailure, expect } from "./host";
export type { Host } from "./host";

/** The shell's host in the app; in a plain browser one that plays it. */
export async function findHost(): Promise<Host> {
  if ("__TAURI_INTERNALS__" in window) return tauri;
  const { fakeFromAddress } = await import("./fake/address");
  return fakeFromAddress(window.location.search);
}
