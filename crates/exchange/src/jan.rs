//! Jan's folder of threads: in each folder a `thread.json` and a `messages.jsonl`.

use std::ops::ControlFlow;

use serde_json::Value;
use tandem_conversation::{MessageState, Role};

use crate::{
    ExchangeError, LeftOut, Reason,
    bundle::Bundle,
    draft::{self, Draft, Node, Said},
    json, limits, open_webui, text, time,
    value::{self, list},
};

const THREAD: &str = "thread.json";
const MESSAGES: &str = "messages.jsonl";

/// The folders of threads in `bundle`, each with a `/` at its end.
pub(crate) fn folders(bundle: &Bundle) -> Vec<String> {
    bundle
        .entries
        .iter()
        .filter_map(|entry| entry.name.strip_suffix(THREAD))
        .filter(|folder| folder.is_empty() || folder.ends_with('/'))
        .map(ToOwned::to_owned)
        .collect()
}

/// The thread in `folder`, or nothing where its files are another program's or broken.
pub(crate) fn read(
    bundle: &mut Bundle,
    folder: &str,
    now_ms: i64,
) -> Result<Option<Draft>, ExchangeError> {
    let bytes = bundle.bytes(&format!("{folder}{THREAD}"), limits::CONVERSATION)?;
    let Ok(thread) = serde_json::from_slice::<Value>(&bytes) else {
        return Ok(None);
    };
    let mut messages = Vec::new();
    let name = format!("{folder}{MESSAGES}");
    let (mut broken, mut over) = (false, 0);
    if bundle.has(&name) {
        let read = bundle.read(&name, |from| {
            json::each(from, &mut |message| {
                if messages.len() < limits::MESSAGES {
                    messages.push(message);
                } else {
                    over += 1;
                }
                ControlFlow::Continue(())
            })
        })?;
        broken = read.is_err();
    }
    let mut draft = draft(&thread, &messages, now_ms);
    draft.left_out.add_many(Reason::TooMany, over);
    if broken {
        // What stands before the break is taken.
        draft.left_out.add(Reason::Unknown);
    }
    Ok(Some(draft))
}

/// A thread of these messages.
pub(crate) fn draft(thread: &Value, messages: &[Value], now_ms: i64) -> Draft {
    let none = Value::Null;
    let assistant = list(thread, "assistants").first().unwrap_or(&none);
    let metadata = thread.get("metadata").unwrap_or(&none);
    let mut id = value::id(thread, "id");
    if id.is_empty() {
        id = messages
            .first()
            .map(|message| value::id(message, "thread_id"))
            .unwrap_or_default();
    }
    let mut draft = Draft {
        id,
        title: value::first(thread, &["title", "summary"]).to_owned(),
        created_ms: time::date(thread.get("created"), now_ms),
        folder: metadata
            .get("project")
            .and_then(|project| text::name(value::text(project, "name"))),
        pinned: value::flag(metadata, "is_favorite"),
        ..Draft::default()
    };
    let model = assistant
        .get("model")
        .map(|model| value::id(model, "id"))
        .filter(|model| !model.is_empty())
        .or_else(|| text::name(value::text(thread, "model_id")));
    if !value::text(assistant, "instructions").trim().is_empty() {
        draft.left_out.add(Reason::Instructions);
    }
    // Files of different versions are in different orders; the dates tell.
    let mut dated: Vec<(i64, usize, &Value)> = messages
        .iter()
        .enumerate()
        .map(|(at, message)| {
            let date = time::date(message.get("created_at"), now_ms);
            (date.unwrap_or(0), at, message)
        })
        .collect();
    if dated.iter().all(|(date, ..)| *date > 0) {
        dated.sort_by_key(|(date, at, _)| (*date, *at));
    }
    let mut before: Option<String> = None;
    for (at, (_, _, message)) in dated.into_iter().enumerate() {
        let mut id = value::id(message, "id");
        if id.is_empty() {
            id = format!("#{at}");
        }
        let said = said(message, model.as_deref(), now_ms, &mut draft.left_out);
        draft.nodes.push(Node {
            parent: before.replace(id.clone()),
            id,
            rank: at,
            said,
        });
    }
    draft
}

fn said(message: &Value, model: Option<&str>, now_ms: i64, left_out: &mut LeftOut) -> Option<Said> {
    let role = draft::role(text::role(value::text(message, "role")), left_out)?;
    let mut said = Said::new(role, String::new());
    let mut words = Vec::new();
    if let Some(content) = message.get("content").and_then(Value::as_str) {
        words.push(content);
    }
    for part in list(message, "content") {
        match value::text(part, "type") {
            "text" => {
                let part = part.get("text").unwrap_or(&Value::Null);
                words.push(part.as_str().unwrap_or_else(|| value::text(part, "value")));
            }
            "reasoning" => left_out.add(Reason::Thoughts),
            "tool_call" => left_out.add(Reason::Tools),
            "image_url" => {
                let url = part
                    .get("image_url")
                    .map(|image| value::text(image, "url"))
                    .unwrap_or_default();
                said.attachments
                    .extend(open_webui::from_url(url, "image", left_out));
            }
            "" => {}
            _ => left_out.add(Reason::Unknown),
        }
    }
    let (words, thoughts) = {
        let words = words.join("\n\n");
        let (kept, thoughts) = text::without_blocks(&words, "<think>", "</think>");
        (kept.into_owned(), thoughts)
    };
    left_out.add_many(Reason::Thoughts, thoughts);
    left_out.add_many(Reason::Absent, list(message, "attachments").len() as u64);
    said.text = words;
    said.created_ms = time::date(message.get("created_at"), now_ms);
    if role == Role::Assistant {
        said.model = model.and_then(text::name);
    }
    said.state = match value::text(message, "status") {
        "stopped" => MessageState::Stopped,
        "pending" | "error" => MessageState::Interrupted,
        _ => MessageState::Complete,
    };
    Some(said)
}
