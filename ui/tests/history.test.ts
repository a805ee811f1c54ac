import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import { SMALL } from "../src/host/fake/machine";
import { pastConversations } from "../src/host/fake/seed";
import { Tree } from "../src/host/fake/tree";
import { all, answered, ask, messages, one, page } from "./page";

const past = () => pastConversations(Date.now(), SMALL.name);

async function focused(name: RegExp) {
  const button = await screen.findByRole("button", { name });
  button.focus();
  return button;
}

const rows = () => all("conversation-row").map((row) => row.textContent?.trim());

describe("where conversations are kept", () => {
  test("a menu pins by keyboard alone, and that is taken back", async () => {
    const { user, tandem } = await page({ past: past() });
    const button = await focused(/leeks/);
    await user.keyboard("{Shift>}{F10}{/Shift}");
    expect(document.activeElement).toBe(await one("menu-pin"));
    await user.keyboard("{Enter}");
    await waitFor(() => expect(rows()[0]).toContain("leeks"));
    expect(screen.getByRole("heading", { name: "Pinned" })).toBeTruthy();
    await user.click(await one("undo-run"));
    await waitFor(() => expect(rows()[0]).not.toContain("leeks"));
    expect(tandem.conversations.undo).toBeNull();
    expect(button.isConnected).toBe(true);
  });

  test("a new folder takes the conversation, and shows it alone", async () => {
    const { user } = await page({ past: past() });
    await focused(/leeks/);
    await user.keyboard("{Shift>}{F10}{/Shift}");
    await user.click(screen.getByRole("menuitem", { name: "New folder…" }));
    await user.type(await one("name-input"), "Kitchen{Enter}");
    const folder = await one("folder");
    await waitFor(() =>
      expect(folder.getAttribute("aria-label")).toBe("Folder Kitchen, 1 conversation"),
    );
    await user.click(folder);
    await waitFor(() => expect(rows()).toHaveLength(1));
    folder.focus();
    await user.keyboard("{Delete}");
    await user.click(await one("delete-confirm"));
    await waitFor(() => expect(all("folder")).toHaveLength(0));
    await waitFor(() => expect(rows().length).toBeGreaterThan(2));
  });

  test("several are archived at once and found in the archive", async () => {
    const { host, user } = await page({ past: past() });
    const count = await waitFor(() => {
      expect(rows().length).toBeGreaterThan(2);
      return rows().length;
    });
    await focused(/leeks/);
    await user.keyboard("{Control>} {/Control}{Shift>}{ArrowDown}{/Shift}");
    expect((await one("marked")).textContent).toContain("2 selected");
    await user.click(await one("marked-archive"));
    await waitFor(() => expect(rows()).toHaveLength(count - 2));
    expect(host.calls.find((call) => call.do === "keep")).toMatchObject({
      keeping: { to: "archived", on: true },
    });
    await user.click(await one("archive"));
    await waitFor(() => expect(rows()).toHaveLength(2));
  });

  test("several are deleted after one word of confirmation", async () => {
    const { user } = await page({ past: past() });
    await focused(/leeks/);
    await user.keyboard("{Control>} {/Control}{Shift>}{ArrowUp}{/Shift}");
    await user.click(await one("marked-delete"));
    expect(screen.getByRole("dialog").textContent).toContain("Delete 2 conversations?");
    const before = rows().length;
    await user.click(await one("delete-confirm"));
    await waitFor(() => expect(rows()).toHaveLength(before - 2));
  });

  test("a drop on a folder moves", async () => {
    const { host } = await page({ past: past() });
    await host.call({ do: "folder", change: { make: "new", name: "Kitchen" } });
    const folder = await one("folder");
    const carried = new Map<string, string>();
    const dataTransfer = {
      setData: (kind: string, text: string) => carried.set(kind, text),
      getData: (kind: string) => carried.get(kind) ?? "",
      types: [],
    };
    await fireEvent.dragStart(await focused(/leeks/), { dataTransfer });
    await fireEvent.drop(folder, { dataTransfer });
    await waitFor(() => expect(folder.getAttribute("aria-label")).toContain("1 conversation"));
  });

  test("a long list draws little and Tab reaches one of its rows", async () => {
    const many = Array.from({ length: 3000 }, (_, at) => {
      const tree = new Tree(`many-${at}`, Date.now() - at * 60_000);
      tree.title = `Number ${at}`;
      return tree;
    });
    const { user } = await page({ past: many });
    await waitFor(() => expect(rows().length).toBeGreaterThan(10));
    expect(rows().length).toBeLessThan(60);
    const first = await focused(/Number 0$/);
    expect(first.closest("li")?.getAttribute("aria-posinset")).toBe("1");
    await user.keyboard("{End}");
    await waitFor(() => expect(document.activeElement?.textContent).toMatch(/Number \d{3}/));
    const reachable = all("conversation-row").filter((row) =>
      row.querySelector(".conversation[tabindex='0']"),
    );
    expect(reachable).toHaveLength(1);
  });
});

test("a search is narrowed to a folder", async () => {
  const { host, user } = await page({ past: past() });
  await host.call({ do: "folder", change: { make: "new", name: "Kitchen" } });
  await host.call({ do: "keep", ids: ["past-5"], keeping: { to: "folder", id: "f1" } });
  await user.type(await one("search"), "note");
  await waitFor(() => expect(all("search-hit").length).toBeGreaterThan(0));
  await user.selectOptions(await one("filter-folder"), "f1");
  await screen.findByText("Nothing found.");
  expect(host.calls.at(-1)).toMatchObject({ do: "search", within: { folder: "f1" } });
});

describe("branches", () => {
  async function branched() {
    const told = await page({ answer: (_, nth) => `Answer number ${nth}` });
    await ask(told.user, "Hello?");
    await answered();
    await told.user.click(await one("regenerate"));
    await waitFor(() => expect(messages("assistant")[0]?.textContent).toContain("number 1"));
    await answered();
    return told;
  }

  test("two are compared side by side", async () => {
    const { user } = await branched();
    await user.click(await one("map-open"));
    await waitFor(() => expect(all("branch")).toHaveLength(2));
    for (const box of all("branch-choose")) await user.click(box);
    const sides = within(await one("compare")).getAllByRole("region");
    expect(sides.map((side) => side.textContent)).toEqual([
      expect.stringContaining("Answer number 0"),
      expect.stringContaining("Answer number 1"),
    ]);
    expect((await one("compare")).textContent).not.toContain("Hello?");
  });

  test("one is kept and the others go, after a word of confirmation", async () => {
    const { host, user } = await branched();
    await user.click(await one("map-open"));
    await waitFor(() => expect(all("branch")).toHaveLength(2));
    await user.click(all("branch-keep")[0] as HTMLElement);
    expect(host.calls.some((call) => call.do === "keepBranch")).toBe(false);
    await user.click(await one("delete-confirm"));
    await waitFor(() => expect(all("branch")).toHaveLength(1));
    await waitFor(() => expect(messages("assistant")[0]?.textContent).toContain("number 0"));
  });

  test("a message is deleted with what follows it, and the other version is shown", async () => {
    const { user } = await branched();
    await user.click(all("message-delete").at(-1) as HTMLElement);
    await user.click(await one("delete-confirm"));
    await waitFor(() => expect(messages("assistant")[0]?.textContent).toContain("number 0"));
    expect(all("branch-count")).toHaveLength(0);
  });
});
