import type { BackupRow } from "../../bindings/BackupRow";
import type { Failure } from "../../bindings/Failure";
import type { SafetyCall } from "../../bindings/SafetyCall";
import type { SafetyView } from "../../bindings/SafetyView";

const DAY = 24 * 60 * 60 * 1000;

/** Plays the backups. `after` is what becomes of the vault. */
export class FakeSafety {
  backups: BackupRow[] = [1, 2, 9].map((days) => ({
    madeMs: Date.now() - days * DAY,
    bytes: 4_200_000,
  }));
  doubt: Failure | null = null;
  /** A passphrase that restoring, rescuing and going on need. */
  passphrase: string | null = null;

  answer(call: SafetyCall): { view: SafetyView; after: "same" | "open" | "new" } {
    let told: string | null = null;
    let after: "same" | "open" | "new" = "same";
    switch (call.do) {
      case "look":
        break;
      case "backUp":
        this.backups = [this.made(), ...this.backups];
        break;
      case "forgetBackups":
        this.backups = [this.made()];
        break;
      case "restore":
      case "restoreFolder":
        this.unlock(call.passphrase);
        told = "The backup was restored. What was there before is kept in /data/replaced.";
        after = "open";
        break;
      case "rescue":
        this.unlock(call.passphrase);
        told = "120 messages in 3 conversations were saved. Up to 7 messages could not be read.";
        after = "open";
        break;
      case "goOn":
        this.unlock(call.passphrase);
        after = "open";
        break;
      case "erase":
        if (call.word.trim() !== "erase") {
          throw { code: "erase.word", message: "Nothing was deleted." };
        }
        this.backups = [];
        after = "new";
        break;
    }
    return { view: { backups: this.backups, doubt: this.doubt, told }, after };
  }

  private made(): BackupRow {
    return { madeMs: Date.now(), bytes: 4_300_000 };
  }

  private unlock(passphrase: string | null): void {
    if (this.passphrase === null || passphrase === this.passphrase) return;
    throw passphrase === null
      ? { code: "vault.no-such-wrap", message: "This data isn't unlocked in that way." }
      : { code: "vault.wrong-key", message: "That passphrase or key doesn't fit." };
  }
}
