import { screen, waitFor } from "@testing-library/svelte";
import { afterEach, describe, expect, test, vi } from "vitest";
import { SMALL } from "../src/host/fake/machine";
import { pastConversations } from "../src/host/fake/seed";
import { all, answered, ask, messages, one, page } from "./page";

const past = () => pastConversations(Date.now(), SMALL.name);
const focused = () => document.activeElement;
const label = () => focused()?.getAttribute("aria-label");

afterEach(() => vi.restoreAllMocks());

/** A window in which the sidebar lies over the chat. */
function narrow() {
  const query = Object.assign(new EventTarget(), { matches: true });
  vi.spyOn(window, "matchMedia").mockReturnValue(query as unknown as MediaQueryList);
}

describe("the focus stays where a person goes on", () => {
  test("in the composer after Send, Stop and another answer", async () => {
    const { user } = await page({ pace: 5, answer: () => "word ".repeat(400) });
    await user.type(await one("composer"), "Go on");
    await user.click(await one("send"));
    expect(focused()).toBe(await one("composer"));
    await user.click(await one("stop"));
    await answered("stopped");
    expect(focused()).toBe(await one("composer"));
    await user.click(await one("regenerate"));
    expect(focused()).toBe(await one("composer"));
    await user.click(await one("stop"));
    await answered("stopped");
  });

  test("on the switch between versions, at the end on its other button", async () => {
    const { user } = await page({ answer: (_question, nth) => `answer ${nth}` });
    await ask(user, "first");
    for (const nth of [1, 2]) {
      await answered();
      await user.click(await one("regenerate"));
      await waitFor(() => expect(messages("assistant")[0]?.textContent).toContain(`answer ${nth}`));
    }
    await answered();
    await user.click(await one("branch-prev"));
    await waitFor(() => expect(focused()).toBe(screen.getByTestId("branch-prev")));
    expect(screen.getByTestId("branch-count").textContent).toBe("2/3");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(focused()).toBe(screen.getByTestId("branch-next")));
    expect(screen.getByTestId("branch-count").textContent).toBe("1/3");
  });

  test("on the button that shows what was hidden, and back", async () => {
    const { tandem, user } = await page();
    await user.click(screen.getByLabelText("Hide the sidebar"));
    expect(label()).toBe("Show the sidebar");
    await user.keyboard("{Enter}");
    expect(tandem.window.sidebar).toBe(true);
    expect(label()).toBe("Hide the sidebar");
    await user.click(await one("composer"));
    await user.keyboard("{Control>}b{/Control}");
    expect(focused()).toBe(await one("composer"));
  });

  test("on one row of the list for Tab, with its buttons", async () => {
    await page({ past: past() });
    await waitFor(() => expect(all("conversation-row").length).toBeGreaterThan(2));
    const stops = (row: HTMLElement | undefined) =>
      [...(row?.querySelectorAll("button") ?? [])].map((button) => button.tabIndex);
    expect(stops(all("conversation-row")[0])).toEqual([0, 0, 0]);
    expect(stops(all("conversation-row")[1])).toEqual([-1, -1, -1]);
  });
});

describe("shortcuts", () => {
  test("rest below the question whether to delete", async () => {
    const { tandem, user } = await page({ past: past() });
    await waitFor(() => expect(all("conversation-row").length).toBeGreaterThan(2));
    await user.click(all("conversation-delete")[0] as HTMLElement);
    await user.keyboard("{Control>}b{/Control}{Control>},{/Control}");
    expect(tandem.window.sidebar).toBe(true);
    expect(tandem.window.sheet).toBeNull();
  });

  test("begin a new chat as the button does", async () => {
    narrow();
    const { tandem, user } = await page({ past: past() });
    expect(focused()).toBe(await one("composer"));
    await user.keyboard("{Control>}k{/Control}");
    expect(focused()).toBe(await one("search"));
    await user.keyboard("firmer");
    await one("search-hit");
    await user.keyboard("{Control>}n{/Control}");
    expect(tandem.window.sidebar).toBe(false);
    expect(tandem.search.query).toBe("");
    expect(focused()).toBe(await one("composer"));
  });

  test("Escape closes a sidebar that lies over the chat, and only such a one", async () => {
    narrow();
    const { tandem, user } = await page();
    await user.click(screen.getByLabelText("Show the sidebar"));
    await user.keyboard("{Escape}");
    expect(tandem.window.sidebar).toBe(false);
    expect(label()).toBe("Show the sidebar");
    tandem.window.fit(false);
    await user.keyboard("{Escape}");
    expect(tandem.window.sidebar).toBe(true);
  });
});
