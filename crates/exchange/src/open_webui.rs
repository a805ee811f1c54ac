//! Chats that Open WebUI exported: a list of chats, each with the tree of its messages.

use base64ct::{Base64, Encoding};
use serde_json::Value;
use tandem_conversation::{MessageState, Role};

use crate::{
    Attachment, Content, LeftOut, Reason,
    draft::{self, Draft, Node, Said},
    limits, text, time,
    value::{self, flag, list},
};

/// Whether it is a chat: with its row around it, or alone.
pub(crate) fn is_chat(found: &Value) -> bool {
    let chat = found.get("chat").unwrap_or(found);
    chat.get("history")
        .and_then(|history| history.get("messages"))
        .is_some_and(Value::is_object)
}

/// One chat.
pub(crate) fn draft(found: &Value, now_ms: i64) -> Draft {
    let none = Value::Null;
    let chat = found.get("chat").unwrap_or(found);
    let history = chat.get("history").unwrap_or(&none);
    let mut id = value::id(found, "id");
    if id.is_empty() {
        id = value::id(chat, "id");
    }
    let dates = [found.get("created_at"), chat.get("timestamp")];
    let mut draft = Draft {
        id,
        title: [value::text(found, "title"), value::text(chat, "title")]
            .into_iter()
            .find(|title| !title.is_empty())
            .unwrap_or_default()
            .to_owned(),
        created_ms: dates.into_iter().find_map(|date| time::date(date, now_ms)),
        archived: flag(found, "archived"),
        pinned: flag(found, "pinned"),
        leaf: history
            .get("currentId")
            .and_then(Value::as_str)
            .map(ToOwned::to_owned),
        ..Draft::default()
    };
    let tags = found
        .get("meta")
        .map(|meta| list(meta, "tags"))
        .filter(|tags| !tags.is_empty())
        .unwrap_or_else(|| list(chat, "tags"));
    draft.tags = tags
        .iter()
        .filter_map(|tag| {
            tag.as_str()
                .or_else(|| tag.get("name").and_then(Value::as_str))
        })
        .map(ToOwned::to_owned)
        .collect();
    if !value::text(chat, "system").trim().is_empty() {
        draft.left_out.add(Reason::Instructions);
    }
    let Some(messages) = history.get("messages").and_then(Value::as_object) else {
        return draft;
    };
    for (id, message) in messages {
        let parent = message.get("parentId").and_then(Value::as_str);
        let rank = parent
            .and_then(|parent| messages.get(parent))
            .and_then(|parent| {
                list(parent, "childrenIds")
                    .iter()
                    .take(1000)
                    .position(|child| child.as_str() == Some(id))
            });
        let said = said(message, now_ms, &mut draft.left_out);
        draft.nodes.push(Node {
            id: id.clone(),
            parent: parent.map(ToOwned::to_owned),
            rank: rank.unwrap_or(usize::MAX),
            said,
        });
    }
    draft
}

fn said(message: &Value, now_ms: i64, left_out: &mut LeftOut) -> Option<Said> {
    let role = draft::role(text::role(value::text(message, "role")), left_out)?;
    let mut words = message
        .get("content")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    for (open, reason) in [
        ("<details type=\"reasoning\"", Reason::Thoughts),
        ("<details type=\"code_interpreter\"", Reason::Tools),
        ("<details type=\"tool_calls\"", Reason::Tools),
    ] {
        let (kept, found) = text::without_blocks(&words, open, "</details>");
        left_out.add_many(reason, found);
        words = kept.into_owned();
    }
    let mut said = Said::new(role, words);
    said.created_ms = time::date(message.get("timestamp"), now_ms);
    if role == Role::Assistant {
        said.model = text::name(value::first(message, &["model", "modelName"]));
        if message.get("done").and_then(Value::as_bool) == Some(false) {
            said.state = MessageState::Interrupted;
        }
    }
    for file in list(message, "files").iter().take(limits::ATTACHMENTS) {
        said.attachments.extend(attachment(file, left_out));
    }
    Some(said)
}

fn attachment(file: &Value, left_out: &mut LeftOut) -> Option<Attachment> {
    let none = Value::Null;
    let row = file.get("file").unwrap_or(&none);
    let url = value::text(file, "url");
    let name = [value::text(file, "name"), value::text(row, "filename")]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_default();
    if url.starts_with("data:") || value::text(file, "type") == "image" {
        return from_url(url, name, left_out);
    }
    // The words that were read out of the file; the file itself stays on the server.
    let content = row
        .get("data")
        .map(|data| value::text(data, "content"))
        .unwrap_or_default();
    if content.is_empty() {
        left_out.add(Reason::Absent);
        return None;
    }
    let mut name = text::file_name(name);
    if !text::mime(&name).starts_with("text/") {
        name.push_str(".txt");
    }
    Some(Attachment {
        name,
        mime: "text/plain".to_owned(),
        content: Content::Bytes(content.as_bytes().to_vec()),
    })
}

/// What a `data:` address holds; any other leads out of the export and isn't followed.
pub(crate) fn from_url(url: &str, name: &str, left_out: &mut LeftOut) -> Option<Attachment> {
    let held = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(','))
        .and_then(|(kind, held)| Some((kind.strip_suffix(";base64")?, held)));
    let bytes = held.and_then(|(_, held)| Base64::decode_vec(held).ok());
    let (Some((said, _)), Some(bytes)) = (held, bytes) else {
        left_out.add(Reason::Absent);
        return None;
    };
    if bytes.len() as u64 > limits::ATTACHMENT {
        left_out.add(Reason::Large);
        return None;
    }
    let mut name = text::file_name(name);
    let mime = match text::picture(&bytes) {
        Some(kind) => kind.to_owned(),
        None => text::mime_or(said, &name),
    };
    if !name.contains('.') {
        name = format!("{name}.{}", text::ending(&mime));
    }
    Some(Attachment {
        name,
        mime,
        content: Content::Bytes(bytes),
    })
}
