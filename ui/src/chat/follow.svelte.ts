import type { Attachment } from "svelte/attachments";

/** So close to the end, in pixels, counts as being there. */
const NEAR = 32;

/** Keeps a scrolling element at its end while its content grows, until the person scrolls up. */
export class Follow {
  /** Whether the end is followed. */
  on = $state(true);
  private element: HTMLElement | undefined;
  private last = 0;

  readonly attach: Attachment<HTMLElement> = (element) => {
    this.element = element;
    this.jump();
    // Runs between layout and paint: the growth and the scroll are one frame.
    const observer = new ResizeObserver(() => {
      if (this.on) this.jump();
    });
    observer.observe(element);
    for (const child of element.children) observer.observe(child);
    const scrolled = () => this.scrolled();
    element.addEventListener("scroll", scrolled, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", scrolled);
    };
  };

  jump(): void {
    this.on = true;
    if (!this.element) return;
    this.element.scrollTop = this.element.scrollHeight;
    this.last = this.element.scrollTop;
  }

  /** Shows an element and stays there. */
  show(target: HTMLElement): void {
    this.on = false;
    target.scrollIntoView({ block: "center" });
  }

  /** Keeps what is on the screen in its place while content is added above it. */
  async hold(add: () => Promise<void>): Promise<void> {
    const element = this.element;
    if (!element) return add();
    const fromEnd = element.scrollHeight - element.scrollTop;
    await add();
    element.scrollTop = element.scrollHeight - fromEnd;
    this.last = element.scrollTop;
  }

  private scrolled(): void {
    const element = this.element;
    if (!element) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    if (scrollHeight - scrollTop - clientHeight <= NEAR) this.on = true;
    else if (scrollTop < this.last) this.on = false;
    this.last = scrollTop;
  }
}
