import { describe, expect, test } from "vitest";
import { Blocks } from "../src/markdown/blocks";
import { FIXTURES } from "./fixtures";

const whole = (text: string) => new Blocks().read(text);

describe.each(Object.entries(FIXTURES))("a stream of %s", (_name, text) => {
  test("reads at each character as the same text would at once", () => {
    const stream = new Blocks();
    for (let end = 1; end <= text.length; end += 1) {
      const soFar = text.slice(0, end);
      expect(stream.read(soFar), soFar).toEqual(whole(soFar));
    }
  });

  test.each([2, 3, 7, 31])("reads the same in pieces of %i", (size) => {
    const stream = new Blocks();
    for (let end = size; end < text.length; end += size) stream.read(text.slice(0, end));
    expect(stream.read(text)).toEqual(whole(text));
  });
});

test("a closed block is the same object while the text grows", () => {
  const stream = new Blocks();
  const first = stream.read("one\n\ntwo\n\nthree\n\nfo")[0];
  expect(stream.read("one\n\ntwo\n\nthree\n\nfour\n\nfive")[0]?.token).toBe(first?.token);
});

test("a text that is replaced is read anew", () => {
  const stream = new Blocks();
  stream.read("one\n\ntwo\n\nthree");
  expect(stream.read("# other")).toEqual(whole("# other"));
});

test("a long answer in small pieces is quick", () => {
  const text = "A paragraph of **some** length with `code`.\n\n- a\n- b\n\n".repeat(800);
  const stream = new Blocks();
  const begin = performance.now();
  for (let end = 0; end < text.length; end += 24) stream.read(text.slice(0, end));
  expect(performance.now() - begin).toBeLessThan(4000);
});
