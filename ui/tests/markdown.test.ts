import { render } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";
import { FakeHost } from "../src/host/fake/fake";
import { Tandem } from "../src/state/tandem.svelte";
import { FIXTURES } from "./fixtures";
import Shown from "./Shown.svelte";

function show(text: string) {
  const host = new FakeHost();
  const tandem = new Tandem(host);
  const { container, rerender } = render(Shown, { props: { tandem, text } });
  return { host, tandem, container, rerender };
}

/** What is drawn, without Svelte's anchors and emptied attributes. */
const drawn = (container: HTMLElement) => {
  const whole = new XMLSerializer().serializeToString(container);
  return whole.replace(/<!--.*?-->| class=""/g, "");
};

describe("what a model may write", () => {
  test.each([
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "[x](tauri://localhost)",
    "[x](/relative)",
    "<javascript:alert(x)>",
    "[x](&#106;avascript:alert(1))",
    "[x][r]\n\n[r]: javascript:alert(1)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg/>)",
  ])("%s is no link", (text) => {
    const { container } = show(text);
    expect(container.querySelector("[role=link], a, img, iframe")).toBeNull();
    expect(container.textContent).toContain("x");
  });

  test("html is text", () => {
    const { container } = show(FIXTURES["raw html"] ?? "");
    expect(container.querySelector("script, img, b, .markdown div")).toBeNull();
    expect(container.textContent).toContain("<script>alert(1)</script>");
    expect(container.textContent).toContain("<img src=x onerror=alert(1)>");
  });

  test("a picture is a named link and is never fetched", () => {
    const { container } = show("![a cat](https://example.org/cat.png)");
    expect(container.querySelector("img")).toBeNull();
    const link = container.querySelector<HTMLElement>("[role=link]");
    expect(link?.textContent).toContain("a cat");
    expect(link?.dataset.leads).toBe("example.org");
  });

  test("a link says where it leads and opens only through the host", () => {
    const { container, host } = show("[bank](https://xn--bnk-sna.example/x)");
    const link = container.querySelector<HTMLElement>("[role=link]");
    expect(link?.title).toBe("https://xn--bnk-sna.example/x");
    expect(link?.hasAttribute("href")).toBe(false);
    expect(host.opened).toEqual([]);
    link?.click();
    expect(host.opened).toEqual(["https://xn--bnk-sna.example/x"]);
  });

  test("a picture in a link is no link of its own", () => {
    const { container, host } = show(
      "[**![a cat](https://example.org/cat.png)**](https://a.example)",
    );
    expect(container.querySelectorAll("[role=link]")).toHaveLength(1);
    container.querySelector<HTMLElement>(".picture")?.click();
    expect(host.opened).toEqual(["https://a.example/"]);
  });

  test("a link that can't be opened says why", async () => {
    const { container, host, tandem } = show("[x](https://example.org)");
    const failure = { code: "link.refused", message: "No browser." };
    host.openLink = () => Promise.reject(failure);
    container.querySelector<HTMLElement>("[role=link]")?.click();
    await vi.waitFor(() => expect(tandem.chat.failure).toEqual(failure));
  });

  test("a look-alike address is shown as what it is", () => {
    const { container } = show("[x](https://аpple.com)");
    expect(container.querySelector<HTMLElement>("[role=link]")?.dataset.leads).toMatch(/^xn--/);
  });

  test.each([
    ["quotes", ">".repeat(4000) + " deep"],
    ["lists", "- ".repeat(4000) + "deep"],
    ["brackets", "[".repeat(4000) + "deep" + "](x)".repeat(4000)],
    ["stars", "*a **b ".repeat(2000) + "deep"],
    ["pictures", "![".repeat(4000) + "deep"],
    ["tables", "|".repeat(3000) + "\n" + "|-".repeat(1500) + "\ndeep"],
  ])("%s nested without end neither hang nor break", (_name, text) => {
    const begin = performance.now();
    const { container } = show(text);
    expect(container.textContent).toContain("deep");
    expect(performance.now() - begin).toBeLessThan(3000);
  });
});

describe("what is drawn", () => {
  test("every kind of block", () => {
    const { container } = show(FIXTURES.rich ?? "");
    for (const selector of [
      "p",
      "h4",
      "ol ul li",
      "table .right",
      "pre",
      "blockquote",
      "strong",
      "em",
    ]) {
      expect(container.querySelector(selector), selector).not.toBeNull();
    }
    const boxes = [...container.querySelectorAll<HTMLInputElement>("input[type=checkbox]")];
    expect(boxes.map((box) => [box.checked, box.disabled])).toEqual([
      [true, true],
      [false, true],
    ]);
    expect(container.querySelector("figcaption")?.textContent).toContain("python");
  });

  test("character references as characters, but not in code", () => {
    const { container } = show("&lt;b&gt; &copy; &#x41; `&lt;`");
    expect(container.textContent).toBe("<b> © A &lt;");
  });

  test.each(Object.entries(FIXTURES))(
    "a stream of %s ends as it is stored",
    async (_name, text) => {
      const stored = drawn(show(text).container);
      const streamed = show("");
      for (let end = 1; end < text.length; end += 3)
        await streamed.rerender({ text: text.slice(0, end) });
      await streamed.rerender({ text });
      expect(drawn(streamed.container)).toBe(stored);
    },
  );

  test("closed blocks stay untouched while text arrives", async () => {
    const { container, rerender } = show("one\n\ntwo **b**\n\nthree\n\nfour");
    const first = container.querySelector(".markdown")?.children[0];
    const changed: MutationRecord[] = [];
    const observer = new MutationObserver((records) => changed.push(...records));
    if (first) observer.observe(first, { childList: true, characterData: true, subtree: true });
    await rerender({ text: "one\n\ntwo **b**\n\nthree\n\nfour and more\n\nfive" });
    expect(container.querySelector(".markdown")?.children[0]).toBe(first);
    expect([...changed, ...observer.takeRecords()]).toEqual([]);
    observer.disconnect();
  });
});
