import type { Failure } from "../bindings/Failure";
import type { SearchHit } from "../bindings/SearchHit";
import { asFailure, expect, type Host } from "../host";

const PAUSE_MS = 70;

/** What was searched for and found. */
export class Search {
  query = $state("");
  hits = $state.raw<SearchHit[]>([]);
  /** The query that `hits` answers. */
  answered = $state("");
  /** Why the query has no answer. */
  failure = $state.raw<Failure | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: Host) {}

  get active(): boolean {
    return this.query.trim() !== "";
  }

  type(query: string): void {
    this.query = query;
    clearTimeout(this.timer);
    if (this.active) this.timer = setTimeout(() => void this.run(query), PAUSE_MS);
    else this.clear();
  }

  clear(): void {
    clearTimeout(this.timer);
    this.query = "";
    this.answer("", []);
  }

  /** Searches without the pause, unless the answer is there; `false` when it still isn't. */
  async now(): Promise<boolean> {
    const { query } = this;
    clearTimeout(this.timer);
    if (this.answered !== query) await this.run(query);
    return this.query === query && this.answered === query;
  }

  private async run(query: string): Promise<void> {
    try {
      const hits = expect(await this.host.call({ do: "search", query }), "hits");
      if (query === this.query) this.answer(query, hits);
    } catch (thrown) {
      if (query === this.query) this.answer("", [], asFailure(thrown));
    }
  }

  private answer(query: string, hits: SearchHit[], failure: Failure | null = null): void {
    this.answered = query;
    this.hits = hits;
    this.failure = failure;
  }
}
