import { screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import { pastConversations } from "../src/host/fake/seed";
import { all, answered, ask, messages, one, page } from "./page";

const text = (element: HTMLElement | undefined) =>
  element && within(element).getByTestId("message-text").textContent?.trim();

describe("asking", () => {
  test("makes a conversation, streams the answer and shows its receipt", async () => {
    const { host, user } = await page({ answer: () => "It is **so**." });
    await ask(user, "Is it?");
    const answer = await answered();
    expect(text(messages("user")[0])).toBe("Is it?");
    expect(text(answer)).toBe("It is so.");
    const receipt = within(answer).getByTestId("receipt");
    expect(receipt.textContent).toBe("SmolLM2 135M · 0.3 s to the first word · 41 tokens a second");
    expect(receipt.title).toMatch(/^\d+ tokens, /);
    expect(host.calls.map((call) => call.do)).toContain("newConversation");
    await waitFor(() => expect(all("conversation-row")).toHaveLength(1));
    expect(document.title).toBe("Is it?");
    expect((await one("composer")) as HTMLTextAreaElement).toHaveProperty("value", "");
  });

  test("follows on from the last message", async () => {
    const { host, user } = await page();
    await ask(user, "one");
    const first = await answered();
    await ask(user, "two");
    await waitFor(() => expect(messages("assistant")).toHaveLength(2));
    expect(host.calls.filter((call) => call.do === "ask").at(-1)).toMatchObject({
      parent: first.dataset.id,
    });
  });

  test("needs more than white space", async () => {
    const { host, user } = await page();
    await ask(user, "   ");
    expect(await one("send")).toHaveProperty("disabled", true);
    expect(host.calls.some((call) => call.do === "ask")).toBe(false);
  });

  test("keeps the text and says why when it fails", async () => {
    const { host, user } = await page();
    host.failNext = { do: "ask", code: "vault.full", message: "The disk is full." };
    await ask(user, "Precious words");
    expect((await one("error-line")).textContent).toContain("The disk is full.");
    expect(await one("composer")).toHaveProperty("value", "Precious words");
    await user.click(screen.getByLabelText("Dismiss"));
    expect(all("error-line")).toHaveLength(0);
    await user.click(await one("send"));
    await answered();
    expect(all("conversation-row")).toHaveLength(1);
  });

  test("says why it failed only where it was asked", async () => {
    const { host, tandem, user } = await page({ past: pastConversations(Date.now(), "") });
    await user.click(await screen.findByRole("button", { name: /Why are there/ }));
    await waitFor(() => expect(tandem.chat.id).toBe("past-0"));
    const call = host.call.bind(host);
    let fail: () => void = () => undefined;
    host.call = (request) =>
      request.do === "ask"
        ? new Promise((_, no) => (fail = () => no({ code: "vault.full", message: "Full." })))
        : call(request);
    await ask(user, "Precious words");
    await user.click(screen.getByRole("button", { name: /A note to the landlord/ }));
    await waitFor(() => expect(tandem.chat.id).toBe("past-1"));
    fail();
    // Long enough for it to be said in the wrong place.
    await new Promise((wait) => setTimeout(wait, 20));
    expect(tandem.chat.busy).toBe(false);
    expect(all("error-line")).toHaveLength(0);
    expect(tandem.drafts.of("past-0")).toBe("Precious words");
  });

  test("takes a suggestion, but never in place of what was typed", async () => {
    const { user } = await page();
    const [write, explain] = [all("suggestion")[0], all("suggestion")[1]];
    await user.click(write as HTMLElement);
    await user.click(explain as HTMLElement);
    expect(await one("composer")).toHaveProperty("value", expect.stringContaining("tides"));
    await user.keyboard(" And more.");
    await user.click(write as HTMLElement);
    expect(await one("composer")).toHaveProperty("value", expect.stringMatching(/And more\.$/));
  });

  test("keeps a text that is too long", async () => {
    const { host, tandem, user } = await page();
    const long = "x".repeat(1_048_577);
    tandem.drafts.set(null, long);
    await user.click(await one("send"));
    expect((await one("error-line")).dataset.code).toBe("ui.tooLong");
    expect(tandem.drafts.of(tandem.chat.id)).toBe(long);
    expect(host.calls.some((call) => call.do === "ask")).toBe(false);
  });
});

describe("an answer on its way", () => {
  test("can be stopped and keeps its text", async () => {
    const { user } = await page({ pace: 5, answer: () => "word ".repeat(400) });
    await ask(user, "Go on");
    await waitFor(() => expect(text(messages("assistant")[0])).toContain("word"));
    await user.click(await one("stop"));
    const answer = await answered("stopped");
    expect(answer.textContent).toContain("Stopped");
    expect(text(answer)).toContain("word");
  });

  test("stops with Escape", async () => {
    const { user } = await page({ pace: 5, answer: () => "word ".repeat(400) });
    await ask(user, "Go on");
    await one("stop");
    await user.keyboard("{Escape}");
    await answered("stopped");
  });

  test("is asked for again when a stop ends nothing", async () => {
    const { host, tandem, user } = await page({ pace: 5, answer: () => "word ".repeat(2000) });
    const call = host.call.bind(host);
    await ask(user, "Go on");
    await one("stop");
    host.call = async (request) => {
      if (request.do === "stop") return "done";
      const reply = structuredClone(await call(request));
      if (typeof reply === "object" && "conversation" in reply) {
        reply.conversation.turn = null;
        for (const message of reply.conversation.messages)
          if (message.state === "streaming") message.state = "interrupted";
      }
      return reply;
    };
    const { turn } = tandem.chat;
    await user.click(await one("stop"));
    await waitFor(() => expect(all("stop")).toHaveLength(0), { timeout: 3000 });
    expect(messages("assistant")[0]?.dataset.state).toBe("interrupted");
    await call({ do: "stop", turn: turn ?? "" });
  });

  test("goes on while another conversation is shown", async () => {
    const { user } = await page({ pace: 2, answer: () => "word ".repeat(60) + "end" });
    await ask(user, "Go on");
    await one("stop");
    await user.click(await one("new-chat"));
    expect(messages("assistant")).toHaveLength(0);
    await user.click(within(await one("conversation-row")).getByText("Go on"));
    expect(text(await answered())).toBe("word ".repeat(60) + "end");
  });

  test("tells what happened to the engine in one line", async () => {
    const notice = { code: "engine.died", message: "The engine stopped and was restarted." };
    const { user } = await page({ notice });
    await ask(user, "Hello");
    expect((await one("notice")).textContent).toContain(notice.message);
    await answered();
    expect(all("notice")).toHaveLength(1);
  });

  test("is read out once, when it ends", async () => {
    const { tandem, user } = await page({ answer: () => "All of it." });
    await ask(user, "Hello");
    expect(tandem.window.announcement).toBe("");
    await answered();
    expect(tandem.window.announcement).toBe("Tandem answered: All of it.");
  });

  test("loses nothing when its events come before the reply", async () => {
    const { host, user } = await page({ answer: () => "quick" });
    const call = host.call.bind(host);
    host.call = async (request) => {
      const reply = await call(request);
      const late = structuredClone(reply);
      if (request.do === "ask") await new Promise((wait) => setTimeout(wait, 40));
      return late;
    };
    await ask(user, "Hello");
    expect(text(await answered())).toBe("quick");
    expect(all("stop")).toHaveLength(0);
  });
});

describe("branches", () => {
  const answers = (_question: string, nth: number) => `answer ${nth}`;

  test("an edited question is a new branch of the first", async () => {
    const { user } = await page({ answer: answers });
    await ask(user, "first");
    await answered();
    await user.click(await one("edit"));
    await user.clear(await one("edit-input"));
    await user.type(await one("edit-input"), "second");
    await user.click(await one("edit-save"));
    await waitFor(() => expect(text(messages("user")[0])).toBe("second"));
    await answered();
    expect((await one("branch-count")).textContent).toBe("2/2");
    await user.click(await one("branch-prev"));
    await waitFor(() => expect(text(messages("user")[0])).toBe("first"));
    expect(text(messages("assistant")[0])).toBe("answer 0");
  });

  test("an edit outlives a look at another conversation", async () => {
    const { tandem, user } = await page();
    await ask(user, "first");
    await answered();
    await user.click(await one("edit"));
    await user.keyboard(" more");
    await user.click(await one("new-chat"));
    expect(all("edit-input")).toHaveLength(0);
    await user.click(within(await one("conversation-row")).getByText("first"));
    expect(await one("edit-input")).toHaveProperty("value", "first more");
    expect(document.activeElement).toBe(await one("composer"));
    await user.click(await one("edit-save"));
    await waitFor(() => expect(text(messages("user")[0])).toBe("first more"));
    expect(tandem.drafts.edits.size).toBe(0);
    await answered();
  });

  test("Escape leaves an edit as it was", async () => {
    const { host, user } = await page();
    await ask(user, "first");
    await answered();
    await user.click(await one("edit"));
    await user.keyboard(" more{Escape}");
    expect(text(messages("user")[0])).toBe("first");
    expect(host.calls.filter((call) => call.do === "ask")).toHaveLength(1);
  });

  test("an answer made again stands beside the first", async () => {
    const { user } = await page({ answer: answers });
    await ask(user, "first");
    await answered();
    await user.click(await one("regenerate"));
    await waitFor(() => expect(text(messages("assistant")[0])).toBe("answer 1"));
    await answered();
    expect((await one("branch-count")).textContent).toBe("2/2");
  });
});

test("copying gives the text as it was written", async () => {
  const { host, user } = await page({ answer: () => "**so**" });
  await ask(user, "first");
  const answer = await answered();
  await user.click(within(answer).getByTestId("copy"));
  await waitFor(() => expect(host.copied).toBe("**so**"));
});
