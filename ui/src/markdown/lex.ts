import { Lexer, Tokenizer, type Links, type Token } from "marked";

/** Blocks and marks nested deeper than this stay plain text: what a person can still read, and what no stack minds. */
export const MAX_DEPTH = 16;

/** CommonMark with GFM's additions, without HTML: it is text like any other. */
class PlainTokenizer extends Tokenizer {
  private depth = 0;

  override html(): undefined {
    return undefined;
  }

  override tag(): undefined {
    return undefined;
  }

  override blockquote(src: string) {
    return this.deeper(() => super.blockquote(src));
  }

  override list(src: string) {
    return this.deeper(() => super.list(src));
  }

  override link(src: string) {
    return this.deeper(() => super.link(src));
  }

  override reflink(src: string, links: Links) {
    return this.deeper(() => super.reflink(src, links));
  }

  override emStrong(src: string, maskedSrc: string, prevChar?: string) {
    return this.deeper(() => super.emStrong(src, maskedSrc, prevChar));
  }

  override del(src: string, maskedSrc: string, prevChar?: string) {
    return this.deeper(() => super.del(src, maskedSrc, prevChar));
  }

  private deeper<T>(read: () => T): T | undefined {
    if (this.depth >= MAX_DEPTH) return undefined;
    this.depth += 1;
    try {
      return read();
    } finally {
      this.depth -= 1;
    }
  }
}

/** What a text is made of, and the link definitions known after it. */
export interface Lexed {
  tokens: Token[];
  links: Links;
}

/** Reads blocks; `known` are link definitions that stand before this text. Never throws. */
export function lex(text: string, known: Links = {}): Lexed {
  const lexer = new Lexer({ gfm: true, tokenizer: new PlainTokenizer() });
  Object.assign(lexer.tokens.links, known);
  try {
    const tokens = lexer.lex(text);
    return { tokens: [...tokens], links: { ...tokens.links } };
  } catch {
    const words: Token = { type: "text", raw: text, text };
    return { tokens: [{ type: "paragraph", raw: text, text, tokens: [words] }], links: known };
  }
}
