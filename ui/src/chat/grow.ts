/** Longer texts are surely taller than the box may get; measuring them would cost a layout of all. */
const TALL = 8_000;

/** Makes a text area as tall as its text, up to the maximum that its style sets. */
export function fit(area: HTMLTextAreaElement, text: string): void {
  if (text.length > TALL) {
    area.style.setProperty("height", "100vh");
    return;
  }
  area.style.setProperty("height", "auto");
  area.style.setProperty("height", `${area.scrollHeight}px`);
}
