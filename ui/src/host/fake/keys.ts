import type { DraftView } from "../../bindings/DraftView";
import type { DraftsCall } from "../../bindings/DraftsCall";
import type { KeysCall } from "../../bindings/KeysCall";
import type { KeysView } from "../../bindings/KeysView";
import type { Reply } from "../../bindings/Reply";

/** The words of every phrase that the fake shows. */
export const WORDS =
  "legal winner thank year wave sausage worth useful legal winner thank yellow".split(" ");
/** The passphrase of every locked fake. */
export const PASSPHRASE = "correct horse";

const fail = (code: string, message: string) => ({ code, message });

/** The keys that the fake plays, and the drafts. */
export class FakeKeys {
  view: KeysView;
  private readonly drafts = new Map<string | null, string>();
  private passphrase = PASSPHRASE;
  private shown = false;

  constructor(view: Partial<KeysView> = {}) {
    this.view = {
      keyring: true,
      passphrase: false,
      phrase: "checked",
      lockMinutes: null,
      twin: null,
      keyringLost: false,
      ...view,
    };
  }

  made(byPassphrase: string | null): void {
    if (byPassphrase !== null) this.passphrase = byPassphrase;
    const passphrase = byPassphrase !== null;
    this.view = { ...this.view, phrase: "new", passphrase, keyring: !passphrase };
  }

  opens(passphrase: string): boolean {
    return passphrase === this.passphrase;
  }

  /** What the keys are now; the words of a phrase; or nothing to tell. */
  call(what: KeysCall): Reply | null {
    switch (what.make) {
      case "phrase":
        this.allow(what.current);
        this.shown = true;
        return { phrase: WORDS };
      case "check":
        for (const { number, word } of what.words) {
          if (WORDS[number - 1] !== word.trim().toLowerCase()) {
            throw fail("phrase.other-word", `Word ${number} is another one.`);
          }
        }
        if (!this.shown) throw fail("phrase.gone", "The phrase is no longer shown.");
        this.shown = false;
        this.view = { ...this.view, phrase: "checked" };
        return null;
      case "later":
        this.shown = false;
        if (this.view.phrase === "new") this.view = { ...this.view, phrase: "unchecked" };
        return null;
      case "recover":
        if (what.phrase.trim().split(/\s+/).join(" ") !== WORDS.join(" ")) {
          throw fail("vault.wrong-phrase", "This recovery phrase doesn't fit this data.");
        }
        this.view = { ...this.view, phrase: "checked", keyringLost: this.view.keyring };
        return null;
      case "keyring":
        this.view = { ...this.view, keyringLost: false };
        return null;
      case "passphrase":
        this.allow(what.current);
        this.passphrase = what.passphrase;
        this.view = { ...this.view, keyring: false, passphrase: true, lockMinutes: 15 };
        return null;
      case "noPassphrase":
        this.allow(what.current);
        this.view = { ...this.view, keyring: true, passphrase: false };
        return null;
      case "separate":
        this.view = { ...this.view, twin: null };
        return null;
      case "lockAfter":
        this.view = { ...this.view, lockMinutes: what.minutes };
        return null;
      case "lock":
        return null;
      case "active":
        return "done";
    }
  }

  draft(what: DraftsCall): Reply {
    if (what.draft === "keep") {
      if (what.text === "") this.drafts.delete(what.conversation);
      else this.drafts.set(what.conversation, what.text);
      return "done";
    }
    const all: DraftView[] = [...this.drafts].map(([conversation, text]) => ({
      conversation,
      text,
    }));
    return { drafts: all };
  }

  private allow(current: string | null): void {
    if (this.view.passphrase && current !== this.passphrase) {
      throw fail("vault.wrong-key", "That passphrase or key doesn't fit.");
    }
  }
}
