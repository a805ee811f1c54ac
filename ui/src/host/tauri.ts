import { Channel, invoke } from "@tauri-apps/api/core";

import type { Event } from "../bindings/Event";
import type { Reply } from "../bindings/Reply";
import type { Host } from "./host";

/** The desktop shell. The only file that knows Tauri. */
export const tauri: Host = {
  call: (call) => invoke<Reply>("call", { call }),

  async watch(watcher) {
    const channel = new Channel<Event[]>();
    let watching = true;
    channel.onmessage = (batch) => {
      if (!watching) return;
      // The shell holds the next batch back until this one was seen.
      void watcher(batch).finally(() => invoke("seen"));
    };
    await invoke("watch", { channel });
    return () => {
      watching = false;
    };
  },

  pickModelFile: () => invoke<string | null>("pick_model_file"),
  openLink: (url) => invoke("open_link", { url }),
  copy: (text) => navigator.clipboard.writeText(text),
  quit: () => invoke("quit"),
};
