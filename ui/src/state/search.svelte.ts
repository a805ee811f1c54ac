import type { Failure } from "../bindings/Failure";
import type { FoundView } from "../bindings/FoundView";
import type { SearchHit } from "../bindings/SearchHit";
import type { Within } from "../bindings/Within";
import { asFailure, expect, type Host } from "../host";

const PAUSE_MS = 70;

const EVERYWHERE: Within = {
  folder: null,
  tag: null,
  fromMs: null,
  untilMs: null,
  model: null,
  route: null,
};

/** What was searched for and found. */
export class Search {
  query = $state("");
  hits = $state.raw<SearchHit[]>([]);
  /** Whether all matches were looked at, not the newest alone. */
  all = $state(true);
  /** Where is searched. */
  within = $state.raw<Within>(EVERYWHERE);
  /** The query that `hits` answers. */
  answered = $state("");
  /** Why the query has no answer. */
  failure = $state.raw<Failure | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: Host) {}

  get active(): boolean {
    return this.query.trim() !== "";
  }

  get narrowed(): boolean {
    return Object.values(this.within).some((value) => value !== null);
  }

  type(query: string): void {
    this.query = query;
    clearTimeout(this.timer);
    if (this.active) this.timer = setTimeout(() => void this.run(query), PAUSE_MS);
    else this.clear();
  }

  /** Searches again, elsewhere. */
  narrow(part: Partial<Within>): void {
    this.within = { ...this.within, ...part };
    void this.run(this.query);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.query = "";
    this.within = EVERYWHERE;
    this.answer("", { hits: [], all: true });
  }

  /** Searches without the pause, unless the answer is there; `false` when it still isn't. */
  async now(): Promise<boolean> {
    const { query } = this;
    clearTimeout(this.timer);
    if (this.answered !== query) await this.run(query);
    return this.query === query && this.answered === query;
  }

  private async run(query: string): Promise<void> {
    const { within } = this;
    const current = () => query === this.query && within === this.within;
    try {
      const found = expect(await this.host.call({ do: "search", query, within }), "found");
      if (current()) this.answer(query, found);
    } catch (thrown) {
      if (current()) this.answer("", { hits: [], all: true }, asFailure(thrown));
    }
  }

  private answer(query: string, found: FoundView, failure: Failure | null = null): void {
    this.answered = query;
    this.hits = found.hits;
    this.all = found.all;
    this.failure = failure;
  }
}
