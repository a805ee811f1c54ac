import type { SearchHit } from "../bindings/SearchHit";
import { expect, type Host } from "../host";

const PAUSE_MS = 70;

/** What was searched for and found. */
export class Search {
  query = $state("");
  hits = $state.raw<SearchHit[]>([]);
  /** The query that `hits` answers. */
  answered = $state("");
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
    this.answered = "";
    this.hits = [];
  }

  private async run(query: string): Promise<void> {
    const hits = await this.host
      .call({ do: "search", query })
      .then((reply) => expect(reply, "hits"))
      .catch(() => []);
    if (query !== this.query) return;
    this.hits = hits;
    this.answered = query;
  }
}
