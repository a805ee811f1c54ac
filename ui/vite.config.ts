import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

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
