export type Sheet = "settings" | "shortcuts";

/** What of the window is open. */
export class Window {
  sidebar = $state(true);
  sheet = $state<Sheet | null>(null);
  /** What a screen reader says next. */
  announcement = $state("");
  /** Counts requests to put the cursor into the composer. */
  composerWanted = $state(0);
  searchWanted = $state(0);

  focusComposer(): void {
    this.composerWanted += 1;
  }

  focusSearch(): void {
    this.sidebar = true;
    this.searchWanted += 1;
  }
}
