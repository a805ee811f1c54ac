import { waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import { waysOut } from "../src/state/safety";
import { all, one, page } from "./page";

const trouble = (code: string) => ({
  vault: { is: "trouble" as const, failure: { code, message: "Something is wrong." } },
});

describe("the page before the conversations", () => {
  test("offers to save what is readable of damaged data, and says what was saved", async () => {
    const { host, user } = await page(trouble("vault.damaged"));
    await user.click(await one("rescue"));
    expect((await one("told")).textContent).toContain("Up to 7 messages could not be read");
    expect(await one("composer")).toBeTruthy();
    expect(host.calls).toContainEqual({ do: "safety", what: { do: "rescue", passphrase: null } });
  });

  test("offers to go on with what is there, or a backup, when the newest is lost", async () => {
    const { host, user } = await page(trouble("vault.rolled-back"));
    await waitFor(() => expect(all("backup-row")).toHaveLength(3));
    await user.click(await one("go-on"));
    expect(await one("composer")).toBeTruthy();
    expect(host.calls).toContainEqual({ do: "safety", what: { do: "goOn", passphrase: null } });
  });

  test("asks for the passphrase once it turns out to be needed", async () => {
    const { host, user } = await page(trouble("vault.damaged"));
    host.safety.passphrase = "correct horse";
    await user.click(await one("rescue"));
    await user.click(await one("ways-passphrase"));
    await user.keyboard("correct horse");
    await user.click(await one("rescue"));
    expect(await one("composer")).toBeTruthy();
  });

  test("takes the passphrase that was typed to unlock", async () => {
    const { host, user } = await page({ vault: { is: "locked" } });
    host.safety.passphrase = "correct horse";
    host.failNext = { do: "unlock", code: "vault.damaged", message: "It is damaged." };
    await user.click(await one("unlock-passphrase"));
    await user.keyboard("correct horse{Enter}");
    await user.click(await one("rescue"));
    expect(await one("composer")).toBeTruthy();
  });

  test("offers nothing that doesn't help", async () => {
    await page(trouble("vault.keyring-locked"));
    await one("retry");
    for (const way of ["rescue", "go-on", "restore", "erase"]) expect(all(way)).toHaveLength(0);
    expect(waysOut("vault.full")).toEqual([]);
  });
});

describe("backups in the settings", () => {
  async function settings() {
    const opened = await page();
    await one("composer");
    opened.tandem.window.sheet = "settings";
    await waitFor(() => expect(all("backup-row")).toHaveLength(3));
    return opened;
  }

  test("are listed, and one is made on request", async () => {
    const { user } = await settings();
    await user.click(await one("back-up"));
    await waitFor(() => expect(all("backup-row")).toHaveLength(4));
  });

  test("are restored after a word of confirmation, and where the old data is is told", async () => {
    const { host, user } = await settings();
    const restored = () =>
      host.calls.some((call) => call.do === "safety" && call.what.do === "restore");
    await user.click(all("restore")[0] as HTMLElement);
    expect(restored()).toBe(false);
    await user.click(await one("restore-confirm"));
    expect((await one("told")).textContent).toContain("is kept in");
    expect(restored()).toBe(true);
  });

  test("ask for the passphrase where the data has one", async () => {
    const { host, user } = await settings();
    host.safety.passphrase = "correct horse";
    await user.click(all("restore")[0] as HTMLElement);
    await user.click(await one("restore-confirm"));
    await one("restore-passphrase");
    await user.keyboard("correct horse");
    await user.click(await one("restore-confirm"));
    expect((await one("told")).textContent).toContain("is kept in");
  });

  test("go all but a new one, so that what was deleted is in none", async () => {
    const { user } = await settings();
    await user.click(await one("forget-backups"));
    await user.click(await one("delete-confirm"));
    await waitFor(() => expect(all("backup-row")).toHaveLength(1));
  });

  test("say why one could not be made", async () => {
    const { host, user } = await settings();
    host.failNext = { do: "safety", code: "vault.full", message: "The disk is full." };
    await user.click(await one("back-up"));
    expect((await one("error-line")).dataset.code).toBe("vault.full");
    expect(all("backup-row")).toHaveLength(3);
  });

  test("say what can't be told of the data", async () => {
    const { host, tandem } = await page();
    host.safety.doubt = { code: "vault.counter-missing", message: "The counter was missing." };
    await one("composer");
    tandem.window.sheet = "settings";
    expect((await one("error-line")).dataset.code).toBe("vault.counter-missing");
  });
});

describe("deleting everything", () => {
  test("waits for the word, and begins anew", async () => {
    const { host, tandem, user } = await page();
    await one("composer");
    tandem.window.sheet = "settings";
    await user.click(await one("erase"));
    const confirm = (await one("erase-confirm")) as HTMLButtonElement;
    expect(confirm.disabled).toBe(true);
    await user.click(await one("erase-word"));
    await user.keyboard("eras");
    expect(confirm.disabled).toBe(true);
    await user.keyboard("e");
    await user.click(confirm);
    await waitFor(() => expect(all("composer")).toHaveLength(0));
    expect(host.calls).toContainEqual({ do: "safety", what: { do: "erase", word: "erase" } });
  });
});
