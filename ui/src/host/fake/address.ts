import type { EngineState } from "../../bindings/EngineState";
import type { VaultState } from "../../bindings/VaultState";
import { FakeHost, type FakeOptions } from "./fake";
import { SMALL } from "./machine";
import { pastConversations } from "./seed";

const VAULTS: Record<string, VaultState> = {
  new: { is: "new", keyring: { is: "ready" } },
  keyless: {
    is: "new",
    keyring: {
      is: "missing",
      message: "No keyring answers on this system. Start one, or choose a passphrase.",
    },
  },
  locked: { is: "locked" },
  trouble: {
    is: "trouble",
    failure: {
      code: "vault.keyringDenied",
      message:
        "The keyring refused to give the key. Unlock it in your system's settings and try again.",
    },
  },
};

const ENGINES: Record<string, EngineState> = {
  loading: { is: "loading", progress: 0.4 },
  asleep: { is: "asleep" },
  failed: {
    is: "failed",
    failure: { code: "engine.start", message: "The engine could not be started." },
  },
};

/** A fake as the address asks for it, such as `?vault=locked&engine=loading&pace=5&empty`. */
export function fakeFromAddress(search: string): FakeHost {
  const asked = new URLSearchParams(search);
  const options: FakeOptions = { past: [] };
  const vault = VAULTS[asked.get("vault") ?? ""];
  const engine = ENGINES[asked.get("engine") ?? ""];
  if (vault) options.vault = vault;
  if (engine) options.engine = engine;
  if (asked.has("pace")) options.pace = Number(asked.get("pace"));
  if (asked.has("notice")) {
    options.notice = {
      code: "engine.died",
      message: "The engine stopped and was restarted. The text so far is kept.",
    };
  }
  if (!asked.has("empty") && vault?.is !== "new") {
    options.past = pastConversations(Date.now(), SMALL.name);
  }
  return new FakeHost(options);
}
