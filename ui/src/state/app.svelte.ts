import type { AppState } from "../bindings/AppState";
import type { Call } from "../bindings/Call";
import type { Failure } from "../bindings/Failure";
import type { KeysCall } from "../bindings/KeysCall";
import type { Protection } from "../bindings/Protection";
import type { Theme } from "../bindings/Theme";
import type { Tuning } from "../bindings/Tuning";
import { asFailure, expect, type Host } from "../host";

/** The person's presence is told once in so long at most. */
const PRESENT_MS = 30_000;

/** The state of everything, as the assistant last told it. */
export class App {
  state = $state.raw<AppState | null>(null);
  /** Why there is no state at all. */
  failure = $state.raw<Failure | null>(null);

  private told = -PRESENT_MS;

  constructor(private readonly host: Host) {}

  get open(): boolean {
    return this.state?.vault.is === "open";
  }

  async load(): Promise<void> {
    try {
      await this.ask({ do: "state" });
    } catch (thrown) {
      this.failure = asFailure(thrown);
    }
  }

  protect = (protection: Protection) => this.ask({ do: "protect", protection });
  unlock = (passphrase: string) => this.ask({ do: "unlock", passphrase });
  retry = () => this.ask({ do: "retry" });
  keys = (what: KeysCall) => this.ask({ do: "keys", what });

  /** The words of a recovery phrase that is to be written down. */
  async phrase(current: string | null, newKeys: boolean): Promise<string[]> {
    return expect(
      await this.host.call({ do: "keys", what: { make: "phrase", current, newKeys } }),
      "phrase",
    );
  }

  /** Opens with the recovery phrase, and gives the keyring a new key where it lost its own. */
  async recover(phrase: string): Promise<void> {
    await this.keys({ make: "recover", phrase });
    // The settings offer it again.
    if (this.state?.keys.keyringLost) await this.keys({ make: "keyring" }).catch(() => undefined);
  }

  /** The person pressed something: it doesn't lock by itself yet. */
  present(): void {
    const now = performance.now();
    if (!this.open || this.state?.keys.lockMinutes === null || now - this.told < PRESENT_MS) return;
    this.told = now;
    void this.host.call({ do: "keys", what: { make: "active" } }).catch(() => undefined);
  }

  useModel = (id: string) => this.ask({ do: "useModel", id });

  async setTheme(theme: Theme): Promise<void> {
    if (this.state) this.state = { ...this.state, theme };
    await this.ask({ do: "setTheme", theme });
  }

  /** Changes a part of the tuning; the control shows it at once. */
  async tune(part: Partial<Tuning>): Promise<void> {
    if (!this.state) return;
    const tuning = { ...this.state.tuning, ...part };
    this.state = { ...this.state, tuning };
    await this.ask({ do: "tune", tuning });
  }

  private async ask(call: Call): Promise<void> {
    this.state = expect(await this.host.call(call), "state");
    this.failure = null;
  }
}
