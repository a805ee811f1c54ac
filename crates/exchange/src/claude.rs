//! The export of a Claude account: `conversations.json`.

use serde_json::Value;
use tandem_conversation::Role;

use crate::{
    Attachment, Content, LeftOut, Reason,
    draft::{self, Draft, Node, Said},
    limits, text, time,
    value::{self, flag, list},
};

/// What stands for 'no message before' there.
const ROOT: &str = "00000000-0000-4000-8000-000000000000";
/// The same, in older exports.
const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// One element of `conversations.json`.
pub(crate) fn draft(found: &Value, now_ms: i64) -> Draft {
    let messages = list(found, "chat_messages");
    // Without a tree in it, each message follows the one before.
    let branches = messages.iter().any(|message| {
        message
            .get("parent_message_uuid")
            .is_some_and(Value::is_string)
    });
    let leaf = value::text(found, "current_leaf_message_uuid");
    let mut draft = Draft {
        id: value::id(found, "uuid"),
        title: value::text(found, "name").to_owned(),
        created_ms: time::date(found.get("created_at"), now_ms),
        folder: found
            .get("project")
            .and_then(|project| text::name(value::text(project, "name"))),
        pinned: flag(found, "is_starred"),
        leaf: (!leaf.is_empty()).then(|| leaf.to_owned()),
        ..Draft::default()
    };
    let model = text::name(value::text(found, "model"));
    let mut before: Option<String> = None;
    for (at, message) in messages.iter().enumerate() {
        let mut id = value::id(message, "uuid");
        if id.is_empty() {
            id = format!("#{at}");
        }
        let parent = if branches {
            let parent = value::text(message, "parent_message_uuid");
            (parent != ROOT && parent != NIL).then(|| parent.to_owned())
        } else {
            before.replace(id.clone())
        };
        let said = said(message, model.as_deref(), now_ms, &mut draft.left_out);
        draft.nodes.push(Node {
            id,
            parent,
            rank: at,
            said,
        });
    }
    draft
}

fn said(message: &Value, model: Option<&str>, now_ms: i64, left_out: &mut LeftOut) -> Option<Said> {
    let role = draft::role(text::role(value::text(message, "sender")), left_out)?;
    let mut words = Vec::new();
    let blocks = list(message, "content");
    for block in blocks {
        match value::text(block, "type") {
            "text" | "voice_note" => words.push(value::text(block, "text")),
            "thinking" | "redacted_thinking" => left_out.add(Reason::Thoughts),
            "tool_use" | "tool_result" => left_out.add(Reason::Tools),
            // A counter of the service.
            "token_budget" | "flag" => {}
            _ => left_out.add(Reason::Unknown),
        }
    }
    // Older exports have no blocks; newer ones may repeat everything, tools included, in one text.
    if blocks.is_empty() {
        words.push(value::text(message, "text"));
    }
    let mut words = words.join("\n\n").trim().to_owned();
    let mut attachments = Vec::new();
    for attached in list(message, "attachments")
        .iter()
        .take(limits::ATTACHMENTS)
    {
        let content = value::text(attached, "extracted_content");
        let name = value::text(attached, "file_name");
        if content.is_empty() {
            left_out.add(Reason::Absent);
        } else if name.is_empty() && words.is_empty() {
            // A long paste becomes a nameless attachment there, and it may be all that was said.
            content.clone_into(&mut words);
        } else {
            attachments.push(extract(name, value::text(attached, "file_type"), content));
        }
    }
    // Files are named and never held.
    let files = list(message, "files")
        .len()
        .max(list(message, "files_v2").len());
    left_out.add_many(Reason::Absent, files as u64);
    let mut said = Said::new(role, words);
    said.created_ms = time::date(message.get("created_at"), now_ms);
    if role == Role::Assistant {
        said.model = model.map(ToOwned::to_owned);
    }
    said.attachments = attachments;
    Some(said)
}

/// The words that the service read out of a file. The file itself isn't in the export, so the name says what it is.
fn extract(name: &str, kind: &str, content: &str) -> Attachment {
    let mut name = text::file_name(if name.is_empty() { "pasted.txt" } else { name });
    let is_text = text::mime(&name).starts_with("text/") || kind.starts_with("text/");
    if !is_text && !name.to_ascii_lowercase().ends_with(".txt") {
        name.push_str(".txt");
    }
    Attachment {
        mime: "text/plain".to_owned(),
        name,
        content: Content::Bytes(content.as_bytes().to_vec()),
    }
}
