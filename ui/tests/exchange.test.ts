import { waitFor, within } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import { SMALL } from "../src/host/fake/machine";
import { pastConversations } from "../src/host/fake/seed";
import { all, one, page } from "./page";

const past = () => pastConversations(Date.now(), SMALL.name);

async function settings(options = {}) {
  const opened = await page(options);
  await opened.user.click(await one("settings-open"));
  return opened;
}

describe("importing", () => {
  test("shows what comes before anything does, then what came", async () => {
    const { host, user } = await settings();
    await user.type(await one("import-path"), "/home/me/chatgpt.zip");
    await user.click(await one("import-look"));
    const look = await one("import-report");
    expect(look.textContent).toContain("An export of ChatGPT");
    expect(look.textContent).toContain("12 new conversations");
    expect(look.textContent).toContain("5 further versions");
    expect((await one("left-out")).textContent).toContain("Messages of tools");
    const kinds = () =>
      host.calls.flatMap((call) => (call.do === "exchange" ? [call.what.do] : []));
    expect(kinds()).toEqual(["look"]);
    await user.click(await one("import-start"));
    await waitFor(() => expect(all("import-report")[0]?.textContent).toContain("Imported"));
    expect(kinds()).toEqual(["look", "import"]);
  });

  test("says when everything is here already", async () => {
    const { user } = await settings();
    await user.type(await one("import-path"), "/home/me/chatgpt.zip");
    await user.click(await one("import-look"));
    await user.click(await one("import-start"));
    await user.click(await one("import-look"));
    await waitFor(() => expect(all("import-report")[0]?.textContent).toContain("here already"));
    expect(all("import-start")).toHaveLength(0);
  });

  test("asks for the passphrase of a sealed archive", async () => {
    const { host, user } = await settings();
    await user.type(await one("import-path"), "/home/me/sealed.tandem");
    await user.click(await one("import-look"));
    await user.type(await one("import-passphrase"), "tide and time");
    await user.click(await one("import-look"));
    await one("import-report");
    expect(host.calls).toContainEqual({
      do: "exchange",
      what: { do: "look", path: "/home/me/sealed.tandem", passphrase: "tide and time" },
    });
  });

  test("a file that isn't there is said so in the page", async () => {
    const { user } = await settings();
    await user.type(await one("import-path"), "/nowhere");
    await user.click(await one("import-look"));
    expect((await one("error-line")).dataset.code).toBe("exchange.missing");
  });
});

describe("exporting", () => {
  test("writes one conversation from its menu", async () => {
    const { host, user } = await page({ past: past() });
    await waitFor(() => expect(all("conversation-row").length).toBeGreaterThan(2));
    within(all("conversation-row")[0] as HTMLElement)
      .getByRole("button", { name: /tides/ })
      .focus();
    await user.keyboard("{Shift>}{F10}{/Shift}");
    await user.click(await one("menu-export"));
    await user.click(await one("export-markdown"));
    expect(all("export-passphrase")).toHaveLength(0);
    await user.type(await one("export-path"), "/home/me/tides.md");
    await user.click(await one("export-start"));
    expect((await one("export-done")).textContent).toContain("/home/me/tides.md");
    expect(host.calls).toContainEqual({
      do: "exchange",
      what: {
        ...{ do: "export", path: "/home/me/tides.md", format: "markdown" },
        ...{ passphrase: null, conversation: "past-0", overwrite: false },
      },
    });
  });

  test("replaces a file only after a word", async () => {
    const { host, user } = await settings({ past: past() });
    await user.type(await one("export-path"), "/home/me/taken.tandem");
    await user.click(await one("export-start"));
    expect((await one("error-line")).dataset.code).toBe("exchange.exists");
    await user.click(await one("export-replace"));
    await one("export-done");
    const last = host.calls.at(-1);
    expect(last?.do === "exchange" && last.what.do === "export" && last.what.overwrite).toBe(true);
  });
});

describe("attachments", () => {
  test("stand under their message with name and size, and can be saved", async () => {
    const trees = past();
    const tree = trees[0];
    const first = tree && [...tree.nodes.values()][0];
    first?.attachments.push({ id: "f1", name: "map.png", mime: "image/png", bytes: 4200 });
    const { host, tandem, user } = await page({ past: trees });
    await tandem.chat.open("past-0");
    const chip = await one("attachment");
    expect(chip.textContent).toContain("map.png");
    expect(chip.textContent).toContain("4 kB");
    await user.click(chip);
    await user.type(await one("attachment-path"), "/home/me/map.png");
    await user.click(await one("attachment-save"));
    await waitFor(() => expect(all("attachment-path")).toHaveLength(0));
    expect(host.exchange.written).toContain("/home/me/map.png");
  });
});
