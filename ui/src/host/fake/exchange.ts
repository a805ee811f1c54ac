import type { ExchangeCall } from "../../bindings/ExchangeCall";
import type { ImportView } from "../../bindings/ImportView";
import type { Reply } from "../../bindings/Reply";
import type { Tree } from "./tree";

const COMES: ImportView = {
  source: "ChatGPT",
  conversations: 12,
  newConversations: 12,
  grown: 0,
  messages: 340,
  branches: 5,
  attachments: 3,
  leftOut: [
    { code: "tools", text: "Messages of tools, such as searches and code that ran", count: 7 },
  ],
  cancelled: false,
  failure: null,
};

/** Plays imports and exports: a file is known by its name, and imported once. */
export class FakeExchange {
  /** What files hold, by their paths. */
  readonly files = new Map<string, ImportView>([["/home/me/chatgpt.zip", COMES]]);
  readonly written: string[] = ["/home/me/taken.tandem"];
  private readonly imported = new Set<string>();

  answer(call: ExchangeCall, trees: Iterable<Tree>): Reply {
    switch (call.do) {
      case "look":
        return { import: this.look(call.path, call.passphrase) };
      case "import": {
        const view = this.look(call.path, call.passphrase);
        this.imported.add(call.path);
        return { import: view };
      }
      case "export": {
        if (this.written.includes(call.path) && !call.overwrite) {
          const message = `There is a file ${call.path} already. Choose another name.`;
          throw { code: "exchange.exists", message };
        }
        this.written.push(call.path);
        const conversations = call.conversation === null ? [...trees].length : 1;
        return { export: { path: call.path, conversations, messages: 2, attachments: 0 } };
      }
      case "save":
        this.written.push(call.path);
        return "done";
      case "cancel":
        return "done";
    }
  }

  private look(path: string, passphrase: string | null): ImportView {
    if (path === "/home/me/sealed.tandem" && passphrase === null) {
      const message = "This archive is sealed. Its passphrase is needed.";
      throw { code: "exchange.passphrase-needed", message };
    }
    const view = path === "/home/me/sealed.tandem" ? COMES : this.files.get(path);
    if (!view) throw { code: "exchange.missing", message: `There is no file ${path}.` };
    if (!this.imported.has(path)) return view;
    return { ...view, newConversations: 0, messages: 0, attachments: 0 };
  }
}
