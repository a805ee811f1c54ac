import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

/** Only one file may talk to Tauri; all others talk to the `Host` it implements. */
const noTauri = {
  patterns: [{ group: ["@tauri-apps/*"], message: "Only src/host/tauri.ts may import Tauri." }],
};

export default ts.config(
  { ignores: ["dist", "src/bindings"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  prettier,
  ...svelte.configs.prettier,
  { languageOptions: { globals: globals.browser } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig },
    },
  },
  {
    rules: {
      "svelte/no-at-html-tags": "error",
      "no-restricted-imports": ["error", noTauri],
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Text is rendered by components, never as HTML." },
        { property: "outerHTML", message: "Text is rendered by components, never as HTML." },
      ],
      "no-alert": "error",
      "no-console": "error",
    },
  },
  { files: ["src/host/tauri.ts"], rules: { "no-restricted-imports": "off" } },
);
