import { render, screen, waitFor } from "@testing-library/svelte";
import { userEvent } from "@testing-library/user-event";
import Root from "../src/Root.svelte";
import { FakeHost, type FakeOptions } from "../src/host/fake/fake";
import { Tandem } from "../src/state/tandem.svelte";

/** The whole page on a fake host, as a person meets it. */
export async function page(options: FakeOptions = {}) {
  const host = new FakeHost({ pace: 1, ...options });
  const tandem = new Tandem(host);
  render(Root, { props: { tandem } });
  await tandem.start();
  return { host, tandem, user: userEvent.setup() };
}

export const one = (testid: string) => screen.findByTestId(testid);
export const all = (testid: string) => screen.queryAllByTestId(testid);

/** Message elements of one role, oldest first. */
export const messages = (role: "user" | "assistant") =>
  all("message").filter((element) => element.dataset.role === role);

export async function ask(user: ReturnType<typeof userEvent.setup>, text: string): Promise<void> {
  await user.click(await one("composer"));
  await user.keyboard(text);
  await user.keyboard("{Enter}");
}

/** Waits until the newest answer has a state. */
export async function answered(state = "complete"): Promise<HTMLElement> {
  return waitFor(() => {
    const last = messages("assistant").at(-1);
    if (last?.dataset.state !== state) throw new Error(`The answer is ${last?.dataset.state}.`);
    return last;
  });
}
