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

  /** Shows an element and stays there, unless the end is in sight with it. */
  show(target: HTMLElement): void {
    target.scrollIntoView({ block: "center" });
    this.last = this.element?.scrollTop ?? 0;
    this.on = this.near();
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

  private near(): boolean {
    if (!this.element) return true;
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight <= NEAR;
  }

  private scrolled(): void {
    const top = this.element?.scrollTop ?? 0;
    if (this.near()) this.on = true;
    else if (top < this.last) this.on = false;
    this.last = top;
  }
}
