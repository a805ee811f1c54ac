export type Sheet = "settings" | "shortcuts" | "phrase";

/** What of the window is open. */
export class Window {
  sidebar = $state(true);
  /** Whether the sidebar lies over the chat. */
  narrow = false;
  sheet = $state<Sheet | null>(null);
  /** What was done and must be told, until the person closes it. */
  told = $state<string | null>(null);
  /** Conversations that the import or export under way is done with. */
  exchanged = $state(0);
  /** What a screen reader says next. */
  announcement = $state("");
  /** Counts requests to put the cursor into the composer. */
  composerWanted = $state(0);
  searchWanted = $state(0);

  /** Fits it to a width. */
  fit(narrow: boolean): void {
    this.narrow = narrow;
    this.sidebar = !narrow;
  }

  /** Gives the chat the place that the sidebar took from it. */
  leaveSidebar(): void {
    if (this.narrow) this.sidebar = false;
  }

  focusComposer(): void {
    this.composerWanted += 1;
  }

  focusSearch(): void {
    this.sidebar = true;
    this.searchWanted += 1;
  }
}
