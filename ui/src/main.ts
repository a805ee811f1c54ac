import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/gate.css";
import "./styles/sidebar.css";
import "./styles/chat.css";
import "./styles/composer.css";
import "./styles/markdown.css";
import "./styles/dialog.css";

import { mount } from "svelte";
import Root from "./Root.svelte";
import { findHost } from "./host";
import { Tandem } from "./state/tandem.svelte";

const tandem = new Tandem(await findHost());
const target = document.getElementById("app");
if (target) mount(Root, { target, props: { tandem } });
await tandem.start();
