//! Lists of messages as Ollama's `/api/chat` takes them, saved as JSON: alone, or with the model's name around them.

use base64ct::{Base64, Encoding};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tandem_conversation::Role;

use crate::{
    Attachment, Content, LeftOut, Reason,
    draft::{self, Draft, Node, Said},
    limits, text, time,
    value::{self, list},
};

/// An object with `messages`.
pub(crate) fn draft(found: &Value, now_ms: i64) -> Draft {
    let mut draft = from_list(list(found, "messages"), value::text(found, "model"), now_ms);
    let id = value::id(found, "id");
    if !id.is_empty() {
        draft.id = id;
    }
    value::text(found, "title").clone_into(&mut draft.title);
    let begun = ["created_at", "created"]
        .iter()
        .find_map(|key| time::date(found.get(key), now_ms));
    draft.created_ms = begun.or(draft.created_ms);
    draft
}

/// A bare list. Nothing in it has an id, so each message is known by everything that was said up to it: a longer list
/// with the same beginning goes on where the shorter one ended.
pub(crate) fn from_list(messages: &[Value], model: &str, now_ms: i64) -> Draft {
    let mut draft = Draft::default();
    let mut before: Option<String> = None;
    let mut so_far = Sha256::new();
    for (at, message) in messages.iter().enumerate() {
        let role = value::text(message, "role");
        let words = value::text(message, "content");
        for part in [role, words] {
            so_far.update((part.len() as u64).to_le_bytes());
            so_far.update(part.as_bytes());
        }
        let id = written(&so_far.clone().finalize());
        if at == 1 || messages.len() == 1 {
            draft.id.clone_from(&id);
        }
        let said = said(message, role, words, model, now_ms, &mut draft.left_out);
        draft.nodes.push(Node {
            parent: before.replace(id.clone()),
            id,
            rank: 0,
            said,
        });
    }
    draft
}

fn said(
    message: &Value,
    role: &str,
    words: &str,
    model: &str,
    now_ms: i64,
    left_out: &mut LeftOut,
) -> Option<Said> {
    let role = draft::role(text::role(role), left_out)?;
    let (words, thoughts) = text::without_blocks(words, "<think>", "</think>");
    left_out.add_many(Reason::Thoughts, thoughts);
    if !value::text(message, "thinking").is_empty() {
        left_out.add(Reason::Thoughts);
    }
    left_out.add_many(Reason::Tools, list(message, "tool_calls").len() as u64);
    let mut said = Said::new(role, words.into_owned());
    said.created_ms = time::date(message.get("created_at"), now_ms);
    if role == Role::Assistant {
        let own = value::text(message, "model");
        said.model = text::name(if own.is_empty() { model } else { own });
    }
    for (at, image) in list(message, "images")
        .iter()
        .enumerate()
        .take(limits::ATTACHMENTS)
    {
        let bytes = image
            .as_str()
            .and_then(|image| Base64::decode_vec(image).ok());
        match bytes {
            Some(bytes) if bytes.len() as u64 > limits::ATTACHMENT => left_out.add(Reason::Large),
            Some(bytes) => {
                let mime = text::picture(&bytes).unwrap_or("application/octet-stream");
                said.attachments.push(Attachment {
                    name: format!("image-{}.{}", at + 1, text::ending(mime)),
                    mime: mime.to_owned(),
                    content: Content::Bytes(bytes),
                });
            }
            None => left_out.add(Reason::Absent),
        }
    }
    Some(said)
}

/// The digest of everything that a conversation without an id holds, as its id.
pub(crate) fn digest(found: &Value) -> String {
    let mut whole = Sha256::new();
    whole.update(found.to_string().as_bytes());
    written(&whole.finalize())
}

fn written(bytes: &[u8]) -> String {
    base64ct::Base64UrlUnpadded::encode_string(bytes)
}
