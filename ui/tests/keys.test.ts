import { screen, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import { PASSPHRASE, WORDS } from "../src/host/fake/keys";
import { all, ask, answered, one, page } from "./page";

type User = Awaited<ReturnType<typeof page>>["user"];

/** Types the words that are asked for, as they stand on the paper. */
async function typeWords(user: User, change = (word: string) => word) {
  for (const field of ["phrase-check-1", "phrase-check-2"]) {
    const input = await one(field);
    await user.clear(input);
    await user.type(input, change(WORDS[Number(input.dataset.number) - 1] ?? ""));
  }
  await user.click(await one("phrase-done"));
}

/** What was asked of the keys, but for the person's presence. */
const kinds = (host: Awaited<ReturnType<typeof page>>["host"]) =>
  host.calls
    .flatMap((call) => (call.do === "keys" ? [call.what.make] : []))
    .filter((kind) => kind !== "active");

describe("a new vault", () => {
  const vault = { is: "new", keyring: { is: "ready" } } as const;

  test("shows its phrase once and has two words typed", async () => {
    const { host, user } = await page({ vault });
    await user.click(await one("onboarding-start"));
    const words = await one("phrase-words");
    expect([...words.querySelectorAll("li")].map((li) => li.textContent)).toEqual(
      WORDS.map((word, at) => `${at + 1}${word}`),
    );
    await user.click(await one("phrase-next"));
    expect(all("phrase-words")).toHaveLength(0);
    await typeWords(user, (word) => `${word}x`);
    expect((await one("error-line")).dataset.code).toBe("phrase.other-word");
    await typeWords(user);
    await one("composer");
    expect(all("phrase-reminder")).toHaveLength(0);
    expect(kinds(host)).toEqual(["phrase", "check", "check"]);
  });

  test("reminds of a phrase that was put off, and the reminder leads to it", async () => {
    const { user } = await page({ vault });
    await user.click(await one("onboarding-start"));
    await user.click(await one("phrase-later"));
    await user.click(await one("phrase-reminder"));
    await user.click(await one("phrase-next"));
    await typeWords(user);
    await waitFor(() => expect(all("phrase-reminder")).toHaveLength(0));
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  test("copies the phrase with a word of warning", async () => {
    const { host, user } = await page({ vault });
    await user.click(await one("onboarding-start"));
    await user.click(await one("phrase-copy"));
    expect(host.copied).toBe(WORDS.join(" "));
    expect(screen.getByText(/Other programs can read what is copied/)).toBeTruthy();
  });
});

describe("the phrase as the way out", () => {
  test.each([
    "vault.keyring-none",
    "vault.keyring-locked",
    "vault.keyring-denied",
    "vault.keyring-hung",
    "vault.keyring-missing",
    "vault.keyring-other-machine",
    "vault.keyring-switched",
    "vault.keyring-restored",
    "vault.keyring-changed",
    "vault.keyring-wrong-vault",
    "vault.keyring-ambiguous",
  ])("is offered for %s", async (code) => {
    const failure = { code, message: "Why, and what to do." };
    const { host, user } = await page({ vault: { is: "trouble", failure } });
    expect((await one("error-line")).textContent).toBe(failure.message);
    await user.click(await one("recover-toggle"));
    await user.type(await one("recover-phrase"), "some other words");
    await user.click(await one("recover-submit"));
    await waitFor(() => expect(all("error-line").at(-1)?.dataset.code).toBe("vault.wrong-phrase"));
    await user.clear(await one("recover-phrase"));
    await user.type(await one("recover-phrase"), WORDS.join(" "));
    await user.click(await one("recover-submit"));
    await one("composer");
    expect(kinds(host)).toEqual(["recover", "recover", "keyring"]);
  });

  test("isn't offered for what it can't mend, nor where there is none", async () => {
    const failure = { code: "vault.damaged", message: "The file is damaged." };
    await page({ vault: { is: "trouble", failure } });
    await one("retry");
    expect(all("recover-toggle")).toHaveLength(0);
  });

  test("isn't offered where there is none", async () => {
    const failure = { code: "vault.keyring-missing", message: "Lost." };
    await page({ vault: { is: "trouble", failure }, keys: { phrase: "none" } });
    await one("retry");
    expect(all("recover-toggle")).toHaveLength(0);
  });

  test("opens what a forgotten passphrase locks", async () => {
    const { user } = await page({ vault: { is: "locked" } });
    await user.click(await one("recover-toggle"));
    await user.type(await one("recover-phrase"), WORDS.join(" "));
    await user.click(await one("recover-submit"));
    await one("composer");
  });
});

describe("privacy", () => {
  test("a passphrase is set, and the next change asks for it", async () => {
    const { host, user } = await page();
    await user.click(await one("settings-open"));
    await user.click(await one("passphrase-set"));
    await user.type(await one("passphrase"), PASSPHRASE);
    await user.type(await one("passphrase-again"), PASSPHRASE);
    await user.click(await one("passphrase-submit"));
    await one("passphrase-remove");
    await user.click(await one("phrase-new"));
    expect(all("phrase-words")).toHaveLength(0);
    await user.type(await one("passphrase-current"), "wrong horse");
    await user.click(await one("phrase-show"));
    expect((await one("error-line")).dataset.code).toBe("vault.wrong-key");
    await user.clear(await one("passphrase-current"));
    await user.type(await one("passphrase-current"), PASSPHRASE);
    await user.click(await one("phrase-show"));
    await one("phrase-words");
    expect(kinds(host)).toEqual(["passphrase", "phrase", "phrase"]);
  });

  test("a passphrase is removed by who knows it", async () => {
    const { user } = await page({ keys: { keyring: false, passphrase: true } });
    await user.click(await one("settings-open"));
    await user.click(await one("passphrase-remove"));
    await user.type(await one("passphrase-current"), PASSPHRASE);
    await user.click(await one("passphrase-remove-confirm"));
    await waitFor(() => expect(all("passphrase-remove")).toHaveLength(0));
  });

  test("new keys come with a new phrase that is checked first", async () => {
    const { host, user } = await page();
    await user.click(await one("settings-open"));
    await user.click(await one("keys-new"));
    await user.click(await one("phrase-next"));
    expect(kinds(host)).toEqual(["phrase"]);
    expect(host.calls).toContainEqual({
      do: "keys",
      what: { make: "phrase", current: null, newKeys: true },
    });
    await typeWords(user);
    await waitFor(() => expect(kinds(host)).toEqual(["phrase", "check"]));
  });

  test("a phrase that was shown and not checked is forgotten with its dialog", async () => {
    const { host, user } = await page();
    await user.click(await one("settings-open"));
    await user.click(await one("phrase-new"));
    await one("phrase-words");
    await user.click(screen.getAllByRole("button", { name: "Close" }).at(-1) as HTMLElement);
    await waitFor(() => expect(kinds(host)).toEqual(["phrase", "later"]));
  });

  test("the time until it locks is chosen, and the person's presence told", async () => {
    const { host, user } = await page();
    await user.click(await one("settings-open"));
    await user.click(await one("lock-5"));
    expect(host.calls).toContainEqual({ do: "keys", what: { make: "lockAfter", minutes: 5 } });
    await user.click(await one("settings-close"));
    await waitFor(() =>
      expect(host.calls).toContainEqual({ do: "keys", what: { make: "active" } }),
    );
  });

  test("locking keeps the draft and leaves nothing on the page", async () => {
    const { host, tandem, user } = await page();
    await ask(user, "Something private");
    await answered();
    await user.type(await one("composer"), "half a thought");
    await user.click(await one("settings-open"));
    await user.click(await one("lock-now"));
    await one("unlock-submit");
    expect(document.body.textContent).not.toContain("Something private");
    expect(tandem.chat.messages).toHaveLength(0);
    const kept = host.calls.find((call) => call.do === "drafts" && call.what.draft === "keep");
    expect(kept).toMatchObject({ what: { text: "half a thought" } });
    // The keyring has the key: a word suffices.
    await user.click(await one("unlock-submit"));
    await one("composer");
  });

  test("a copy of a vault is told and gets its own key", async () => {
    const { user } = await page({ keys: { twin: "/home/me/copy" } });
    await user.click(await one("settings-open"));
    expect((await one("keys-twin")).textContent).toContain("/home/me/copy");
    await user.click(await one("keys-separate"));
    await waitFor(() => expect(all("keys-twin")).toHaveLength(0));
  });
});

test("drafts that the vault kept are there again", async () => {
  const first = await page();
  await first.user.type(await one("composer"), "for later");
  await first.tandem.drafts.flush();
  first.tandem.drafts.clear();
  expect(first.tandem.drafts.of(null)).toBe("");
  await first.tandem.drafts.load();
  expect(await one("composer")).toHaveProperty("value", "for later");
});
