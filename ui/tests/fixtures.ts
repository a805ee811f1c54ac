import { RICH } from "../src/host/fake/answers";

/** Texts whose beginning reads differently from their whole: the hard cases of a stream. */
export const FIXTURES: Record<string, string> = {
  rich: RICH,
  "a paragraph that becomes a heading": "Title\n===\n\nSub\n---\ntext",
  "a list that goes on after a blank line":
    "1. one\n\n2. two\n\n   more of two\n\n3. three\n\nend\n\n4. four",
  "bullets that change": "- a\n\n* b\n\n+ c\n\n- d\n- e\n\n--\n\n---\n",
  "a fence that is long open":
    "```rust\nfn main() {}\n\n# not a heading\n- not a list\n```\nafter\n\n~~~\nx\n~~~",
  "a definition after its use":
    "See [this][a] and [that].\n\nMore.\n\nLast.\n\n[a]: https://example.org/a\n[that]: https://example.org/b 'T'\n\nEnd [this][a].",
  "a table that starts as text":
    "para\n| a | b |\n|---|:-:|\n| 1 | `x|y` |\n| 2\n\nafter\n\n| x |\n|---|\n",
  "quotes that go on lazily": "> one\ntwo\n> three\n\n> - a\n>   - b\n>\n>   c\n\nend",
  "marks over lines":
    "**bold\nstill** and *em `code` em* ~~gone~~ __x__ \\*no\\*  \nbreak & &amp; &#x41;",
  "indented code and tabs": "text\n\n    code\n\n    more\n\n\ttab\n\n- a\n\n      code in list\n",
  "raw html":
    "<div>\n**bold** <b>x</b>\n\n<script>alert(1)</script>\n\n<!-- a\n\nb -->\n\n<img src=x onerror=alert(1)>",
  "windows line ends": "a\r\nb\r\n\r\n- x\r\n- y\r\n\r\nend\r",
  "nested lists": "- a\n  1. b\n     - c\n\n       d\n  2. e\n- [ ] f\n- [x] g\n",
  "right to left": "# שלום\n\n- مرحبا **بك**\n\n> שלום",
};
