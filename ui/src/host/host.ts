import type { Call } from "../bindings/Call";
import type { Event } from "../bindings/Event";
import type { Failure } from "../bindings/Failure";
import type { Reply } from "../bindings/Reply";

/** Applies a batch of events; resolves once the page shows them. */
export type Watcher = (batch: Event[]) => Promise<void>;

/** What the page needs from whoever runs it. */
export interface Host {
  /** Rejects with a `Failure`. */
  call(call: Call): Promise<Reply>;
  /** Resolves to a function that ends the watch. */
  watch(watcher: Watcher): Promise<() => void>;
  /** The path of the chosen file; `null` when the person chose none. */
  pickModelFile(): Promise<string | null>;
  /** Opens an https, http or mailto address outside of the window. */
  openLink(url: string): Promise<void>;
  copy(text: string): Promise<void>;
  /** Ends the app; text that is being written is kept. */
  quit(): Promise<void>;
}

type Payload = Exclude<Reply, string>;
type Kind = Payload extends infer P ? (P extends P ? keyof P : never) : never;
type Of<K extends Kind> = Payload extends infer P
  ? P extends Record<K, infer Content>
    ? Content
    : never
  : never;

/** The content of a reply that must be of one kind. */
export function expect<K extends Kind>(reply: Reply, kind: K): Of<K> {
  if (typeof reply === "object" && kind in reply) {
    return (reply as unknown as Record<K, Of<K>>)[kind];
  }
  throw new Error(`The reply is not '${kind}'.`);
}

/** Whatever was thrown, as a failure. */
export function asFailure(thrown: unknown): Failure {
  if (typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown) {
    return { code: String(thrown.code), message: String(thrown.message) };
  }
  return {
    code: "host.unexpected",
    message: thrown instanceof Error ? thrown.message : String(thrown),
  };
}
