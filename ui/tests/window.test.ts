import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import { SMALL } from "../src/host/fake/machine";
import { pastConversations } from "../src/host/fake/seed";
import { byDay } from "../src/sidebar/days";
import { all, answered, ask, messages, one, page } from "./page";

const past = () => pastConversations(Date.now(), SMALL.name);

describe("the list", () => {
  test("groups by day in local time", () => {
    const now = new Date(2026, 2, 10, 9, 0);
    const at = (...time: [number, number, number, number, number]) => new Date(...time).getTime();
    const row = (id: string, updatedMs: number, pinned = false) => ({
      ...{ id, title: id, updatedMs, pinned },
      ...{ folder: null, archived: false, tags: [] },
    });
    const groups = byDay(
      [
        row("p", at(2020, 2, 10, 0, 0), true),
        row("a", at(2026, 2, 10, 0, 0)),
        row("b", at(2026, 2, 9, 23, 59)),
        row("c", at(2026, 2, 8, 23, 59)),
        // Its clock was ten years ahead.
        row("d", at(2036, 2, 8, 23, 59)),
      ],
      now,
    );
    expect(groups.map((group) => [group.label, group.rows.map((one) => one.id)])).toEqual([
      ["list.pinned", ["p"]],
      ["days.today", ["a"]],
      ["days.yesterday", ["b"]],
      ["days.earlier", ["c", "d"]],
    ]);
  });

  test("renames in place with F2", async () => {
    const { host, user } = await page({ past: past() });
    await waitFor(() => expect(all("conversation-row").length).toBeGreaterThan(2));
    within(all("conversation-row")[0] as HTMLElement)
      .getByRole("button", { name: /tides/ })
      .focus();
    await user.keyboard("{F2}");
    await user.clear(await one("rename-input"));
    await user.keyboard("Moon{Enter}");
    await waitFor(() => expect(all("conversation-row")[0]?.textContent).toContain("Moon"));
    expect(host.calls).toContainEqual({ do: "rename", id: "past-0", title: "Moon" });
  });

  test("deletes only after a word of confirmation", async () => {
    const { host, user } = await page({ past: past() });
    await waitFor(() => expect(all("conversation-row").length).toBeGreaterThan(2));
    const before = all("conversation-row").length;
    within(all("conversation-row")[0] as HTMLElement)
      .getByRole("button", { name: /tides/ })
      .focus();
    await user.keyboard("{Delete}");
    expect(host.calls.some((call) => call.do === "delete")).toBe(false);
    await user.click(await one("delete-confirm"));
    await waitFor(() => expect(all("conversation-row")).toHaveLength(before - 1));
  });

  test("keeps a draft for each conversation", async () => {
    const { user } = await page({ past: past() });
    await user.click(await one("composer"));
    await user.keyboard("for later");
    await user.click(await screen.findByRole("button", { name: /A note to the landlord/ }));
    await waitFor(() => expect(messages("user").length).toBeGreaterThan(0));
    expect(await one("composer")).toHaveProperty("value", "");
    await user.click(await one("new-chat"));
    expect(await one("composer")).toHaveProperty("value", "for later");
  });
});

describe("search", () => {
  test("opens a hit by keyboard and Escape brings the list back", async () => {
    const { user } = await page({ past: past() });
    await user.click(await one("composer"));
    await user.keyboard("{Control>}k{/Control}");
    await user.keyboard("firmer");
    const hit = await one("search-hit");
    expect(hit.querySelector("mark")?.textContent).toBe("firmer");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(messages("user").length).toBeGreaterThan(1));
    await user.click(await one("search"));
    await user.keyboard("{Escape}");
    expect(all("search-hit")).toHaveLength(0);
    expect(all("conversation-row").length).toBeGreaterThan(2);
  });

  test("Enter opens a hit of what is typed, not of what was", async () => {
    const { tandem, user } = await page({ past: past() });
    await user.type(await one("search"), "firmer");
    await one("search-hit");
    await user.clear(await one("search"));
    await user.keyboard("leeks{Enter}");
    await waitFor(() => expect(tandem.chat.title).toMatch(/leeks/));
  });

  test("leads to a short conversation without a way to its end", async () => {
    const { user } = await page({ past: past() });
    await user.type(await one("search"), "firmer");
    await user.click(await one("search-hit"));
    await waitFor(() => expect(messages("user").length).toBeGreaterThan(1));
    expect((await one("jump")).closest(".visible")).toBeNull();
  });

  test("says when nothing was found", async () => {
    const { user } = await page({ past: past() });
    await user.type(await one("search"), "zzzz");
    const note = await screen.findByText("Nothing found.");
    expect(note.getAttribute("role")).toBe("status");
    expect(note.closest("[role=listbox]")).toBeNull();
  });

  test("says when it failed, and Enter tries again", async () => {
    const { host, user } = await page({ past: past() });
    host.failNext = { do: "search", code: "vault.io", message: "The disk is gone." };
    await user.type(await one("search"), "firmer");
    expect((await one("error-line")).textContent).toContain("The disk is gone.");
    expect(screen.queryByText("Nothing found.")).toBeNull();
    await user.keyboard("{Enter}");
    await waitFor(() => expect(messages("user").length).toBeGreaterThan(1));
    expect(all("error-line")).toHaveLength(0);
  });
});

describe("before the conversations", () => {
  const ready = { is: "new", keyring: { is: "ready" } } as const;

  test("one button starts, and the composer has the cursor", async () => {
    const { host, user } = await page({ vault: ready });
    await user.click(await one("onboarding-start"));
    await user.click(await one("phrase-later"));
    expect(document.activeElement).toBe(await one("composer"));
    expect(host.calls).toContainEqual({ do: "protect", protection: { with: "keyring" } });
    await waitFor(() => expect(document.documentElement.dataset.ready).toBe("true"));
    expect(performance.getEntriesByName("tandem:usable").length).toBeGreaterThan(0);
  });

  test("a passphrase is long enough and typed twice", async () => {
    const { host, user } = await page({ vault: ready });
    await user.click(await one("onboarding-passphrase-toggle"));
    await user.type(await one("passphrase"), "short");
    await user.click(await one("passphrase-submit"));
    expect(screen.getByText(/at least 8/)).toBeTruthy();
    await user.type(await one("passphrase"), " no more");
    await user.type(await one("passphrase-again"), "other");
    await user.click(await one("passphrase-submit"));
    expect(screen.getByText(/not the same/)).toBeTruthy();
    expect(host.calls.some((call) => call.do === "protect")).toBe(false);
    await user.clear(await one("passphrase-again"));
    await user.type(await one("passphrase-again"), "short no more");
    await user.click(await one("passphrase-submit"));
    await user.click(await one("phrase-later"));
    await one("composer");
  });

  test("a missing keyring is said plainly and a passphrase is offered", async () => {
    const message = "No keyring answers.";
    await page({ vault: { is: "new", keyring: { is: "missing", message } } });
    expect((await one("keyring-missing")).textContent).toContain(message);
    await one("passphrase");
    expect(all("onboarding-start")).toHaveLength(0);
  });

  test("a wrong passphrase is said in place", async () => {
    const { user } = await page({ vault: { is: "locked" } });
    await user.type(await one("unlock-passphrase"), "wrong");
    await user.click(await one("unlock-submit"));
    expect((await one("error-line")).dataset.code).toBe("vault.passphrase");
    await user.clear(await one("unlock-passphrase"));
    await user.type(await one("unlock-passphrase"), "correct horse{Enter}");
    await one("composer");
  });

  test("trouble says why and tries again", async () => {
    const failure = { code: "vault.damaged", message: "The file is damaged." };
    const { host, user } = await page({ vault: { is: "trouble", failure } });
    expect((await one("error-line")).textContent).toBe(failure.message);
    expect(screen.queryByText(/lost/)).toBeNull();
    await user.click(await one("retry"));
    expect(host.calls.at(-1)).toEqual({ do: "retry" });
  });
});

describe("settings", () => {
  test("set the colors at once", async () => {
    const { user } = await page();
    await user.click(await one("settings-open"));
    await user.click(await one("theme-dark"));
    expect(document.documentElement.dataset.theme).toBe("dark");
  });

  test("add and use a model, and say what is wrong with a file", async () => {
    const { user } = await page();
    await user.click(await one("settings-open"));
    await user.type(await one("model-path"), "/tmp/notes.txt{Enter}");
    expect((await one("error-line")).textContent).toContain("not a GGUF file");
    await user.clear(await one("model-path"));
    await user.type(await one("model-path"), "/tmp/own.gguf");
    await user.click(await one("model-add"));
    await waitFor(() => expect(all("model-row")).toHaveLength(3));
    await user.click(all("model-use").at(-1) as HTMLElement);
    await waitFor(() => expect(all("model-row").at(-1)?.dataset.used).toBe("true"));
  });

  test("tell about this machine and close", async () => {
    const { user } = await page();
    await user.click(await one("settings-open"));
    await waitFor(() => expect(all("doctor-line").length).toBeGreaterThan(2));
    expect((await one("version")).textContent).toBe("Tandem 0.1.0");
    await user.click(await one("settings-close"));
    expect(all("version")).toHaveLength(0);
  });

  test("stay open when their content is pressed, and close by the backdrop", async () => {
    await page();
    await fireEvent.click(await one("settings-open"));
    const dialog = screen.getByRole("dialog");
    await fireEvent.mouseDown(dialog.firstElementChild as Element);
    expect(all("version")).toHaveLength(1);
    await fireEvent.mouseDown(dialog);
    expect(all("version")).toHaveLength(0);
  });
});

test("the engine's state is in the header", async () => {
  const { host } = await page({ engine: { is: "loading", progress: 0.25 } });
  expect((await one("engine-state")).dataset.is).toBe("loading");
  expect(screen.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("25");
  host.setEngine({ is: "ready", device: "Vulkan0", gpuLayers: 12, context: 4096 });
  await waitFor(() => expect(screen.getByTestId("engine-state").textContent).toContain("Vulkan0"));
});

describe("quitting", () => {
  test.each(["new", "open"] as const)("by keyboard, with a vault that is %s", async (is) => {
    const { host, user } = await page(
      is === "open" ? {} : { vault: { is: "new", keyring: { is: "ready" } } },
    );
    await user.keyboard("{Control>}q{/Control}");
    expect(host.ended).toBe(true);
  });

  test("works below a dialog, other shortcuts don't", async () => {
    const { host, tandem, user } = await page();
    await user.click(await one("settings-open"));
    await user.keyboard("{Control>}b{/Control}");
    expect(tandem.window.sidebar).toBe(true);
    await user.keyboard("{Control>}q{/Control}");
    expect(host.ended).toBe(true);
  });
});

test("events that were lost make the page ask again", async () => {
  const { host, user } = await page();
  await ask(user, "Hello?");
  await answered();
  host.calls.length = 0;
  host.tell({ on: "missed" });
  await waitFor(() =>
    expect(host.calls.map((call) => call.do).sort()).toEqual([
      "conversation",
      "list",
      "shelves",
      "state",
    ]),
  );
});
