import { SvelteMap } from "svelte/reactivity";

import type { Notice } from "../bindings/Notice";
import type { TurnStep } from "../bindings/TurnStep";

/** An answer on its way. */
export class Live {
  text = $state("");
  tokens = $state(0);
  started = $state(false);
  ended = $state(false);
  notices = $state.raw<Notice[]>([]);
  /** Whether `text` goes back to the first word; else the stored text is the better one. */
  whole = false;

  apply(step: TurnStep): void {
    switch (step.is) {
      case "started":
        // A second start follows a restarted engine; the text so far is kept.
        if (!this.started && this.text === "") this.whole = true;
        this.started = true;
        break;
      case "text":
        this.started = true;
        this.text += step.delta;
        this.tokens = step.tokens;
        break;
      case "notice":
        this.notices = [...this.notices, step.notice];
        break;
      case "ended":
        this.ended = true;
        this.text = "";
        break;
    }
  }
}

/** Answers on their way and the notices of those that ended, by message. Events may come before the reply that
 * names their turn, and while another conversation is shown: none is lost. */
export class Lives {
  private readonly byMessage = new SvelteMap<string, Live>();

  of(message: string): Live | undefined {
    return this.byMessage.get(message);
  }

  apply(message: string, step: TurnStep): void {
    this.at(message).apply(step);
  }

  /** Takes over the text of an answer that was under way before anybody watched. */
  adopt(message: string, text: string): void {
    const live = this.at(message);
    if (live.ended || live.whole) return;
    live.text = text;
    live.whole = true;
  }

  private at(message: string): Live {
    let live = this.byMessage.get(message);
    if (!live) {
      live = new Live();
      this.byMessage.set(message, live);
    }
    return live;
  }
}
