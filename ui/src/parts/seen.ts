import type { Attachment } from "svelte/attachments";

/** Runs each time the element comes near the visible part. */
export function whenSeen(run: () => void, margin = "400px"): Attachment {
  return (element) => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) run();
      },
      { rootMargin: margin },
    );
    observer.observe(element);
    return () => observer.disconnect();
  };
}
