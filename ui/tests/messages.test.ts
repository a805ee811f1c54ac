import { describe, expect, test } from "vitest";
import en from "../src/messages/en.json";
import { failureText, size, t, tn } from "../src/messages/t";

const sources = Object.values(
  import.meta.glob<string>("../src/**/*.{ts,svelte}", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
).join("\n");

const keys = Object.keys(en);

describe("the message file", () => {
  test("has no key that nothing uses", () => {
    const unused = keys.filter((key) => {
      if (key.startsWith("errors.")) return false;
      const base = key.replace(/\.(one|other)$/, "");
      return !sources.includes(`"${key}"`) && !sources.includes(`"${base}"`);
    });
    expect(unused).toEqual([]);
  });

  test("has every key that is used", () => {
    const used = [...sources.matchAll(/\bt\(\s*"([^"]+)"/g)].map((match) => match[1]);
    const counted = [...sources.matchAll(/\btn\(\s*"([^"]+)"/g)].map(
      (match) => `${match[1]}.other`,
    );
    expect([...used, ...counted].filter((key) => !keys.includes(String(key)))).toEqual([]);
  });

  test("has both forms of what is counted", () => {
    for (const key of keys.filter((key) => key.endsWith(".one"))) {
      expect(keys).toContain(key.replace(/one$/, "other"));
    }
  });

  test("has no text outside of it", () => {
    const words = [...sources.matchAll(/(?:aria-label|title|placeholder)="([^"{]+)"/g)];
    expect(words.map((match) => match[1])).toEqual([]);
  });
});

test("a text takes its parameters", () => {
  expect(t("engine.loading", { percent: 40 })).toBe("loading, 40 %");
  expect(t("delete.text", { title: "{title}" })).toContain("“{title}”");
});

test("a count has its own form and separators", () => {
  expect(tn("receipt.tokens", 1)).toBe("1 token: a word or a part of one");
  expect(tn("receipt.tokens", 1234)).toContain("1,234 tokens, ");
});

test("a failure without a text of ours keeps its own", () => {
  expect(failureText({ code: "vault.full", message: "The disk is full." })).toBe(
    "The disk is full.",
  );
  expect(failureText({ code: "ui.tooLong", message: "" })).toContain("1 MB");
});

test("sizes are as a person reads them", () => {
  expect([size(98_362_432), size(2_600_000), size(1_117_320_768)]).toEqual([
    "98 MB",
    "2.6 MB",
    "1.1 GB",
  ]);
});
