import { SvelteMap } from "svelte/reactivity";

import type { Notice } from "../bindings/Notice";
import type { TurnStep } from "../bindings/TurnStep";

type Piece = Pick<Extract<TurnStep, { is: "text" }>, "at" | "delta">;

/** An answer on its way. */
export class Live {
  text = $state("");
  tokens = $state(0);
  started = $state(false);
  ended = $state(false);
  notices = $state.raw<Notice[]>([]);
  /** Pieces that came before what they follow. */
  private readonly early: Piece[] = [];

  /** `false` when a piece before this step is missing. */
  apply(step: TurnStep): boolean {
    switch (step.is) {
      case "started":
        this.started = true;
        break;
      case "text":
        this.started = true;
        this.tokens = step.tokens;
        return this.add(step);
      case "notice":
        this.notices = [...this.notices, step.notice];
        break;
      case "ended":
        this.ended = true;
        this.text = "";
        break;
    }
    return true;
  }

  /** Takes over the text so far, asked for as a whole. */
  adopt(text: string): void {
    if (this.ended || text.length <= this.text.length) return;
    this.text = text;
    for (const piece of this.early.splice(0)) this.add(piece);
  }

  private add(piece: Piece): boolean {
    if (piece.at > this.text.length) {
      this.early.push(piece);
      return false;
    }
    // What is there already stays: an older piece may come after a whole text was taken over.
    this.text += piece.delta.slice(this.text.length - piece.at);
    return true;
  }
}

/** Answers on their way and the notices of those that ended, by message. Events may come before the reply that
 * names their turn, and while another conversation is shown: none is lost. */
export class Lives {
  private readonly byMessage = new SvelteMap<string, Live>();

  of(message: string): Live | undefined {
    return this.byMessage.get(message);
  }

  /** `false` when text before this step is missing: the answer as a whole must be asked for. */
  apply(message: string, step: TurnStep): boolean {
    return this.at(message).apply(step);
  }

  /** Takes over an answer's text so far. */
  adopt(message: string, text: string): void {
    this.at(message).adopt(text);
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
