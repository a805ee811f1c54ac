import type { Links, Token } from "marked";

import { lex } from "./lex";

/** A top-level block; `key` stays the same while the text grows. */
export interface Block {
  key: number;
  token: Token;
}

/** The following block can still be swallowed by the one before it ("2" becomes the item "2."), so the last two
 * are read again. */
const OPEN = 2;

const drawn = (token: Token) => token.type !== "space" && token.type !== "def";

/** Reads a growing text. Closed blocks keep their identity; the result is the same as reading all at once. */
export class Blocks {
  private closed: Token[] = [];
  /** Length of the text that `closed` covers. */
  private closedEnd = 0;
  /** Definitions within the closed text, and all those that the blocks were read with. */
  private closedLinks: Links = {};
  private links: Links = {};
  private text = "";

  read(source: string): Block[] {
    const text = source.includes("\r") ? source.replace(/\r\n?/g, "\n") : source;
    if (!text.startsWith(this.text)) this.reset();
    this.text = text;
    let { tokens, links } = lex(text.slice(this.closedEnd), this.closedLinks);
    if (this.closed.length > 0 && !same(links, this.links)) {
      // A definition reaches back into blocks that were closed without it.
      this.reset();
      ({ tokens, links } = lex(text));
    }
    this.links = links;
    const blocks = [...this.closed, ...tokens].filter(drawn);
    this.close(tokens);
    return blocks.map((token, key) => ({ key, token }));
  }

  private close(tokens: Token[]): void {
    const open = tokens.filter(drawn).slice(-OPEN)[0];
    const until = open ? tokens.indexOf(open) : 0;
    for (const token of tokens.slice(0, until)) {
      this.closed.push(token);
      this.closedEnd += token.raw.length;
      if (token.type === "def") {
        const { tag, href, title } = token as { tag: string; href: string; title: string };
        this.closedLinks = { [tag]: { href, title }, ...this.closedLinks };
      }
    }
  }

  private reset(): void {
    this.closed = [];
    this.closedEnd = 0;
    this.closedLinks = {};
  }
}

function same(a: Links, b: Links): boolean {
  const tags = Object.keys(a);
  return (
    tags.length === Object.keys(b).length &&
    tags.every((tag) => a[tag]?.href === b[tag]?.href && a[tag]?.title === b[tag]?.title)
  );
}
