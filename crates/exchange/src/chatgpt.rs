//! The export of a ChatGPT account: `conversations.json` beside the files that it names.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use tandem_conversation::{MessageState, Role};

use crate::{
    Attachment, Content, Files, LeftOut, Reason,
    bundle::Entry,
    draft::{self, Draft, Node, Said},
    limits,
    text::{self, Speaker},
    time,
    value::{self, flag, list},
};

/// The files of an export by the ids that messages name them with.
#[derive(Default)]
pub(crate) struct Assets {
    by_id: HashMap<String, Entry>,
}

impl Assets {
    pub(crate) fn new(files: &Files) -> Self {
        let mut by_id = HashMap::new();
        for entry in files.names().iter().filter_map(|name| files.entry(name)) {
            if let Some(id) = asset_id(entry.name.rsplit('/').next().unwrap_or_default()) {
                by_id.entry(id.to_owned()).or_insert(entry);
            }
        }
        Self { by_id }
    }
}

/// `file-` or `file_` with the letters and digits after it, where `name` begins so.
fn asset_id(name: &str) -> Option<&str> {
    let rest = name
        .strip_prefix("file-")
        .or_else(|| name.strip_prefix("file_"))?;
    let letters = rest
        .find(|letter: char| !letter.is_ascii_alphanumeric())
        .unwrap_or(rest.len());
    (letters > 0).then(|| &name[..5 + letters])
}

/// One element of `conversations.json`.
pub(crate) fn draft(found: &Value, files: &Files, assets: &Assets, now_ms: i64) -> Draft {
    let mut draft = Draft {
        id: value::first(found, &["conversation_id", "id"]).to_owned(),
        title: value::text(found, "title").to_owned(),
        created_ms: time::date(found.get("create_time"), now_ms),
        archived: flag(found, "is_archived"),
        pinned: flag(found, "is_starred"),
        leaf: Some(value::text(found, "current_node").to_owned()),
        ..Draft::default()
    };
    let Some(mapping) = found.get("mapping").and_then(Value::as_object) else {
        return draft;
    };
    let mut ranks: HashMap<&str, usize> = HashMap::new();
    for children in mapping.values().map(|node| list(node, "children")) {
        for (rank, child) in children.iter().filter_map(Value::as_str).enumerate() {
            ranks.insert(child, rank);
        }
    }
    let fallback = text::name(value::text(found, "default_model_slug"));
    let mut reader = Reader {
        files,
        assets,
        now_ms,
        left_out: LeftOut::default(),
    };
    for (id, node) in mapping {
        let said = node
            .get("message")
            .filter(|message| message.is_object())
            .and_then(|message| reader.said(message, fallback.as_deref()));
        draft.nodes.push(Node {
            id: id.clone(),
            parent: Some(value::text(node, "parent").to_owned()),
            rank: ranks.get(id.as_str()).copied().unwrap_or(0),
            said,
        });
    }
    draft.left_out = reader.left_out;
    draft
}

struct Reader<'a> {
    files: &'a Files,
    assets: &'a Assets,
    now_ms: i64,
    left_out: LeftOut,
}

impl Reader<'_> {
    fn said(&mut self, message: &Value, fallback: Option<&str>) -> Option<Said> {
        let none = Value::Null;
        let metadata = message.get("metadata").unwrap_or(&none);
        let content = message.get("content").unwrap_or(&none);
        let speaker = text::role(value::text(message.get("author").unwrap_or(&none), "role"));
        if speaker == Speaker::Instructions && is_blank(content) {
            // Every export begins with an empty one.
            return None;
        }
        if flag(metadata, "is_visually_hidden_from_conversation") {
            self.left_out.add(Reason::Hidden);
            return None;
        }
        // A tool's picture is the model's answer; the rest of what tools say isn't shown there either.
        let draws = speaker == Speaker::Tool && has_picture(content);
        let role = if draws {
            Role::Assistant
        } else {
            draft::role(speaker, &mut self.left_out)?
        };
        let recipient = value::text(message, "recipient");
        if role == Role::Assistant && !draws && !recipient.is_empty() && recipient != "all" {
            self.left_out.add(Reason::Tools);
            return None;
        }
        let mut taken = HashSet::new();
        let mut attachments = Vec::new();
        let words = self.words(content, metadata, draws, &mut taken, &mut attachments)?;
        for named in list(metadata, "attachments")
            .iter()
            .take(limits::ATTACHMENTS)
        {
            let id = value::text(named, "id");
            if !id.is_empty() && taken.insert(id.to_owned()) {
                attachments.extend(self.attachment(id, metadata));
            }
        }
        let mut said = Said::new(role, words);
        said.created_ms = time::date(message.get("create_time"), self.now_ms);
        if role == Role::Assistant {
            said.model = text::name(value::text(metadata, "model_slug"))
                .or_else(|| fallback.map(ToOwned::to_owned));
        }
        if value::text(message, "status") == "in_progress" {
            said.state = MessageState::Interrupted;
        }
        said.attachments = attachments;
        Some(said)
    }

    /// The words of a message, and its pictures into `attachments`; nothing where it isn't for the person.
    fn words(
        &mut self,
        content: &Value,
        metadata: &Value,
        draws: bool,
        taken: &mut HashSet<String>,
        attachments: &mut Vec<Attachment>,
    ) -> Option<String> {
        let reason = match value::text(content, "content_type") {
            "" | "text" | "multimodal_text" => {
                let words = self.parts(list(content, "parts"), metadata, taken, attachments);
                return Some(if draws { String::new() } else { words });
            }
            "code" => {
                let language = value::text(content, "language");
                let language = if language == "unknown" { "" } else { language };
                return Some(format!(
                    "```{}\n{}\n```",
                    text::line(language),
                    value::text(content, "text")
                ));
            }
            "thoughts" | "reasoning_recap" => Reason::Thoughts,
            "user_editable_context" | "model_editable_context" => Reason::Instructions,
            "execution_output"
            | "tether_browsing_display"
            | "tether_quote"
            | "system_error"
            | "sonic_webpage"
            | "computer_output" => Reason::Tools,
            _ => Reason::Unknown,
        };
        self.left_out.add(reason);
        None
    }

    fn parts(
        &mut self,
        parts: &[Value],
        metadata: &Value,
        taken: &mut HashSet<String>,
        attachments: &mut Vec<Attachment>,
    ) -> String {
        let mut words = String::new();
        for part in parts {
            match value::text(part, "content_type") {
                _ if part.is_string() => push(&mut words, part.as_str().unwrap_or_default()),
                "image_asset_pointer" => {
                    let id = pointed(value::text(part, "asset_pointer"));
                    if taken.insert(id.to_owned()) {
                        attachments.extend(self.attachment(id, metadata));
                    }
                }
                "audio_transcription" => push(&mut words, value::text(part, "text")),
                "audio_asset_pointer"
                | "video_container_asset_pointer"
                | "real_time_user_audio_video_asset_pointer" => self.left_out.add(Reason::Sound),
                _ if part.is_null() => {}
                _ => self.left_out.add(Reason::Unknown),
            }
        }
        words
    }

    fn attachment(&mut self, id: &str, metadata: &Value) -> Option<Attachment> {
        let named = list(metadata, "attachments")
            .iter()
            .find(|named| value::text(named, "id") == id);
        let Some(entry) = self.assets.by_id.get(asset_id(id).unwrap_or(id)) else {
            self.left_out.add(Reason::Absent);
            return None;
        };
        if entry.bytes > limits::ATTACHMENT {
            self.left_out.add(Reason::Large);
            return None;
        }
        let head = self.files.head(&entry.name).unwrap_or_default();
        let said = named.map_or("", |named| value::first(named, &["mime_type", "mimeType"]));
        let mut name = named
            .map_or("", |named| value::text(named, "name"))
            .to_owned();
        if name.is_empty() {
            entry.name.clone_into(&mut name);
        }
        let mut name = text::file_name(&name);
        let mime = match text::picture(&head) {
            Some(kind) => kind.to_owned(),
            None => text::mime_or(said, &name),
        };
        // Some exports name every file so.
        if let Some(stem) = name.strip_suffix(".dat") {
            name = format!("{stem}.{}", text::ending(&mime));
        }
        Some(Attachment {
            name,
            mime,
            content: Content::Stored {
                key: entry.name.clone(),
                bytes: entry.bytes,
            },
        })
    }
}

fn push(words: &mut String, more: &str) {
    let (more, _) = text::without_blocks(more, "\u{e200}cite", "\u{e201}");
    let (more, _) = text::without_blocks(&more, "\u{e200}filecite", "\u{e201}");
    if more.is_empty() {
        return;
    }
    if !words.is_empty() {
        words.push('\n');
    }
    words.push_str(&more);
}

/// The id in `file-service://file-…` and its like.
fn pointed(pointer: &str) -> &str {
    let id = pointer.rsplit("://").next().unwrap_or_default();
    id.split(['?', '#']).next().unwrap_or_default()
}

fn is_blank(content: &Value) -> bool {
    list(content, "parts")
        .iter()
        .all(|part| part.as_str().is_some_and(|text| text.trim().is_empty()))
        && value::text(content, "text").is_empty()
}

fn has_picture(content: &Value) -> bool {
    list(content, "parts")
        .iter()
        .any(|part| value::text(part, "content_type") == "image_asset_pointer")
}
