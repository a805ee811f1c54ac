//! Conversations in and out: reads the exports of other assistants into one neutral form, reads and writes our own
//! archive, writes JSON and Markdown.
//!
//! Every file is hostile here: what is read is bounded in size, depth, number and expansion, trees are freed of rings and
//! orphans, names lose their separators, and what can't be taken is counted by its reason, so that the person sees it.
//! docs/exchange-formats.md says where each format's description comes from, docs/archive.md describes our own.
//!
//! No clock, no vault, no network: the caller gives the time and a path.

#![allow(clippy::doc_markdown, reason = "names of products aren't items")]

mod bundle;
mod chatgpt;
mod claude;
mod draft;
mod error;
mod jan;
mod json;
mod left_out;
mod limits;
mod lm_studio;
mod markdown;
mod model;
mod ollama;
mod open_webui;
mod read;
mod stored;
mod target;
mod text;
mod time;
mod value;
mod write;

pub use bundle::Files;
pub use error::ExchangeError;
pub use left_out::{LeftOut, Reason};
pub use model::{Attachment, Content, Conversation, Kind, Message};
pub use read::{Export, Summary, Taker};
pub use target::Target;
pub use text::file_name;
pub use write::{Format, Load, Writer, Written};
