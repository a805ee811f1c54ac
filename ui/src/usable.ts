let told = false;

/** Marks the first frame that a person can use, once it is on the screen. */
export function markUsable(): void {
  if (told) return;
  told = true;
  // A hidden page gets no animation frames; the timer alone then has to do.
  const wait = document.hidden
    ? (then: () => void) => void setTimeout(then, 0)
    : requestAnimationFrame;
  wait(() =>
    setTimeout(() => {
      performance.mark("tandem:usable");
      document.documentElement.dataset.ready = "true";
    }, 0),
  );
}
