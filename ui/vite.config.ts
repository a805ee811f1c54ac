import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Vitest prints failures with a function of Node 22; all else of it runs on Node 20 as well.
if (!("groupBy" in Map)) {
  Object.assign(Map, {
    groupBy<K, T>(items: Iterable<T>, keyOf: (item: T) => K) {
      const groups = new Map<K, T[]>();
      for (const item of items) {
        const key = keyOf(item);
        groups.set(key, [...(groups.get(key) ?? []), item]);
      }
      return groups;
    },
  });
}

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  // Paths relative to the page: the shell serves it from its own scheme.
  base: "./",
  clearScreen: false,
  server: { port: 5180, strictPort: true },
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
  build: {
    target: ["safari16", "chrome111"],
    // The page's CSP allows only files: nothing inline, no data addresses for scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.ts"],
    setupFiles: ["tests/setup.ts"],
  },
}));
