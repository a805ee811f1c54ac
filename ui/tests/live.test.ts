import { describe, expect, test } from "vitest";
import { Live } from "../src/state/live.svelte";

const piece = (at: number, delta: string) => ({ is: "text", at, delta, tokens: 1 }) as const;

describe("an answer on its way", () => {
  test("is put together from its pieces", () => {
    const live = new Live();
    expect(live.apply(piece(0, "One "))).toBe(true);
    expect(live.apply(piece(4, "two"))).toBe(true);
    expect(live.text).toBe("One two");
  });

  test("says that a piece is missing and goes on once it is there", () => {
    const live = new Live();
    live.apply(piece(0, "One "));
    expect(live.apply(piece(8, "three"))).toBe(false);
    expect(live.text).toBe("One ");
    live.adopt("One two ");
    expect(live.text).toBe("One two three");
    expect(live.apply(piece(13, "!"))).toBe(true);
    expect(live.text).toBe("One two three!");
  });

  test("takes no piece twice", () => {
    const live = new Live();
    live.adopt("One two");
    live.apply(piece(0, "One "));
    live.apply(piece(4, "two thr"));
    live.apply(piece(11, "ee"));
    expect(live.text).toBe("One two three");
  });

  test("never goes back", () => {
    const live = new Live();
    live.apply(piece(0, "One two"));
    live.adopt("One");
    expect(live.text).toBe("One two");
  });
});
