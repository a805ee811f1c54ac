/** Shows every kind of block that the renderer knows. */
export const RICH = `Tides come from the **difference** in the Moon's pull across the Earth. The near side is pulled a little more than the center, the far side a little less, so the oceans bulge *twice*.

## What matters most

1. The Moon, because it is close.
2. The Sun, at about 46 % of the Moon's effect.
3. The coast itself:
   - shallow shelves slow the wave,
   - narrow bays pile it up.

| Body | Relative force | Period |
| :--- | ---: | :---: |
| Moon | 1.00 | 12 h 25 min |
| Sun | 0.46 | 12 h 00 min |

A small sketch of the height over time, in \`metres\`:

\`\`\`python
from math import cos, tau

def height(hours: float) -> float:
    moon = 1.00 * cos(tau * hours / 12.42)
    sun = 0.46 * cos(tau * hours / 12.00)
    return moon + sun
\`\`\`

> Spring tides come when both pull along one line, neap tides when they pull at right angles.

- [x] Explain the bulge
- [ ] Look up the tables for your harbour

More at [the Wikipedia page on tides](https://en.wikipedia.org/wiki/Tide).`;

const SHORT = [
  "Of course. Start with the sentence that you would say first if you met them in person, then give the one fact that they need, and end with what happens next.",
  "Three things stand out:\n\n- **Length.** Cut the first paragraph; the second already says it.\n- **Order.** Put the request before the reasons.\n- **Tone.** It is friendly already. Leave it.",
  "Here is a version that says the same in half the words:\n\n> Thank you for the draft. I have two questions, and then we can send it on Thursday.",
];

/** What the fake model says to a question. */
export function answerTo(question: string, nth: number): string {
  if (/tide|markdown|rich/i.test(question)) return RICH;
  return SHORT[nth % SHORT.length] ?? RICH;
}
