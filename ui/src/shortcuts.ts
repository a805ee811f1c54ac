import type { Key } from "./messages/t";
import type { Tandem } from "./state/tandem.svelte";

interface Shortcut {
  /** `event.key` in lower case. */
  key: string;
  label: Key;
  /** Works before the vault is open and below a dialog, too. */
  always?: true;
  run: (tandem: Tandem) => void;
}

/** All with Ctrl, or Cmd on a Mac. */
export const SHORTCUTS: Shortcut[] = [
  { key: "n", label: "sidebar.newChat", run: (tandem) => tandem.newChat() },
  { key: "k", label: "search.label", run: ({ window }) => window.focusSearch() },
  { key: "b", label: "sidebar.toggle", run: ({ window }) => (window.sidebar = !window.sidebar) },
  { key: ",", label: "settings.title", run: ({ window }) => (window.sheet = "settings") },
  { key: "/", label: "shortcuts.title", run: ({ window }) => (window.sheet = "shortcuts") },
  { key: "q", label: "app.quit", always: true, run: ({ host }) => void host.quit() },
];

/** Keys within one place, for the help. */
export const PLACES: { keys: string; label: Key }[] = [
  { keys: "Enter", label: "composer.send" },
  { keys: "Shift Enter", label: "shortcuts.newline" },
  { keys: "Esc", label: "shortcuts.stop" },
  { keys: "F2", label: "conversation.rename" },
  { keys: "Delete", label: "conversation.delete" },
  { keys: "Shift F10", label: "shortcuts.menu" },
  { keys: "Ctrl Space", label: "shortcuts.select" },
];

export const isMac = /Mac/.test(navigator.userAgent);

/** Runs the shortcut of a key press. */
export function pressed(event: KeyboardEvent, tandem: Tandem): void {
  if (event.altKey) return;
  const free = tandem.app.open && document.querySelector("dialog") === null;
  if (free && event.key === "Escape" && !event.defaultPrevented && !event.isComposing) {
    tandem.window.leaveSidebar();
    return;
  }
  if (free && event.key === "?" && !isTyping(event.target)) {
    tandem.window.sheet = "shortcuts";
    return;
  }
  if (!(isMac ? event.metaKey : event.ctrlKey) || event.shiftKey) return;
  const shortcut = SHORTCUTS.find(({ key }) => key === event.key.toLowerCase());
  if (!shortcut || !(free || shortcut.always)) return;
  event.preventDefault();
  shortcut.run(tandem);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches("input, textarea, [contenteditable]");
}
