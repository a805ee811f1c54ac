import type { Host } from "./host";
import { tauri } from "./tauri";

export { asFailure, expect } from "./host";
export type { Host } from "./host";

/** The shell's host; while the page is being developed in a plain browser, one that plays it. */
export async function findHost(): Promise<Host> {
  if (import.meta.env.DEV && !("__TAURI_INTERNALS__" in window)) {
    const { fakeFromAddress } = await import("./fake/address");
    return fakeFromAddress(window.location.search);
  }
  return tauri;
}
