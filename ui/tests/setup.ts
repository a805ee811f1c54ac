import { cleanup } from "@testing-library/svelte";
import { afterEach, vi } from "vitest";

// What the test page lacks; nothing under test depends on real layout.
class Quiet {
  observe(): void {}
  disconnect(): void {}
}
vi.stubGlobal("ResizeObserver", Quiet);
vi.stubGlobal("IntersectionObserver", Quiet);

afterEach(cleanup);
