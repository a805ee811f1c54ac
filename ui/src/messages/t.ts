import type { Failure } from "../bindings/Failure";
import en from "./en.json";

export type Key = keyof typeof en;
type Counted = Key extends infer K ? (K extends `${infer Base}.other` ? Base : never) : never;
type Params = Record<string, string | number>;

const LANGUAGE = "en";
const plural = new Intl.PluralRules(LANGUAGE);
const table: Record<string, string> = en;

function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

/** A text of the interface. `{name}` in it stands for `params.name`. */
export function t(key: Key, params: Params = {}): string {
  return fill(table[key] ?? key, params);
}

/** A text that depends on a count: `key.one` or `key.other`, with `{n}` as the formatted count. */
export function tn(key: Counted, n: number, params: Params = {}): string {
  const text = table[`${key}.${plural.select(n)}`] ?? table[`${key}.other`] ?? key;
  return fill(text, { n: number(n), ...params });
}

/** A failure in words: ours when its code has some, else those that came with it. */
export function failureText({ code, message }: Failure): string {
  return table[`errors.${code}`] ?? message;
}

export function number(value: number, digits = 0): string {
  return new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: digits }).format(value);
}

/** A day, as short as it can be told. */
export function date(ms: number): string {
  return new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium" }).format(ms);
}

/** A day and the time of it. */
export function moment(ms: number): string {
  const style = { dateStyle: "medium", timeStyle: "short" } as const;
  return new Intl.DateTimeFormat(LANGUAGE, style).format(ms);
}

/** Bytes as megabytes or gigabytes of a thousand. */
export function size(bytes: number): string {
  if (bytes >= 1e9) return t("size.gb", { n: number(bytes / 1e9, 1) });
  return t("size.mb", { n: number(Math.max(bytes / 1e6, 0.1), bytes < 1e7 ? 1 : 0) });
}

/** Bytes of a file that may be small. */
export function fileSize(bytes: number): string {
  if (bytes < 1e3) return t("size.bytes", { n: number(bytes) });
  return bytes < 1e6 ? t("size.kb", { n: number(bytes / 1e3) }) : size(bytes);
}
