import type { AppState } from "../bindings/AppState";
import type { Call } from "../bindings/Call";
import type { Failure } from "../bindings/Failure";
import type { Protection } from "../bindings/Protection";
import type { Theme } from "../bindings/Theme";
import type { Tuning } from "../bindings/Tuning";
import { asFailure, expect, type Host } from "../host";

/** The state of everything, as the assistant last told it. */
export class App {
  state = $state.raw<AppState | null>(null);
  /** Why there is no state at all. */
  failure = $state.raw<Failure | null>(null);

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
