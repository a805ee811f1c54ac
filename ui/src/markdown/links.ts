/** The context in which all inside of a link is drawn. */
export const IN_LINK = Symbol("in a link");

const OPENABLE = new Set(["https:", "http:", "mailto:"]);

/** Where a link leads, when it may be opened at all. */
export interface Destination {
  url: string;
  /** What a person should see before opening: the host, or the mail address. */
  leads: string;
}

/** The destination of a link, or `null` for whatever isn't plain web or mail. Relative addresses lead nowhere here. */
export function destination(href: string): Destination | null {
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    return null;
  }
  if (!OPENABLE.has(url.protocol)) return null;
  if (url.protocol === "mailto:") return { url: url.href, leads: decode(url.pathname) };
  return url.host === "" ? null : { url: url.href, leads: url.host };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
