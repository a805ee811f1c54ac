//! LM Studio's conversations: one file each, every message with its versions.

use serde_json::Value;
use tandem_conversation::Role;

use crate::{
    LeftOut, Reason,
    draft::{self, Draft, Node, Said},
    text, time,
    value::{self, list},
};

/// What LM Studio keeps conversations in, with its folders below.
const HOME: &str = "conversations/";

/// The file `name` of LM Studio.
pub(crate) fn draft(found: &Value, name: &str, now_ms: i64) -> Draft {
    let created_ms = time::date(found.get("createdAt"), now_ms);
    let mut draft = Draft {
        // A file is called by its date, but may have been renamed on the way.
        id: created_ms.map(|date| date.to_string()).unwrap_or_default(),
        title: value::text(found, "name").to_owned(),
        created_ms,
        folder: folder(name),
        pinned: value::flag(found, "pinned"),
        ..Draft::default()
    };
    if !value::text(found, "systemPrompt").trim().is_empty() {
        draft.left_out.add(Reason::Instructions);
    }
    let last_used = found
        .get("lastUsedModel")
        .and_then(|model| text::name(value::text(model, "identifier")));
    // The version that is shown: what comes next follows it.
    let mut shown: Option<String> = None;
    for (at, message) in list(found, "messages").iter().enumerate() {
        let versions = list(message, "versions");
        let selected = message
            .get("currentlySelected")
            .and_then(Value::as_u64)
            .and_then(|selected| usize::try_from(selected).ok())
            .filter(|&selected| selected < versions.len())
            .unwrap_or(0);
        let before = shown.clone();
        for (rank, version) in versions.iter().enumerate() {
            let id = format!("{at}.{rank}");
            if rank == selected {
                shown = Some(id.clone());
            }
            let said = said(version, last_used.as_deref(), now_ms, &mut draft.left_out);
            draft.nodes.push(Node {
                id,
                parent: before.clone(),
                rank,
                said,
            });
        }
    }
    draft.leaf = shown;
    draft
}

/// Its folder there.
fn folder(name: &str) -> Option<String> {
    let (folders, _) = name.rsplit_once('/')?;
    let below = match folders.rsplit_once(HOME) {
        Some((_, below)) => below,
        None if folders == HOME.trim_end_matches('/') => "",
        None => folders,
    };
    text::name(below.rsplit('/').next().unwrap_or_default())
}

fn said(
    version: &Value,
    last_used: Option<&str>,
    now_ms: i64,
    left_out: &mut LeftOut,
) -> Option<Said> {
    let role = draft::role(text::role(value::text(version, "role")), left_out)?;
    let mut words = Vec::new();
    let mut model = version
        .get("senderInfo")
        .and_then(|sender| text::name(value::text(sender, "senderName")));
    let mut date = None;
    content(version, &mut words, left_out);
    for step in list(version, "steps") {
        match value::text(step, "type") {
            "contentBlock" => {
                let style = step.get("style").unwrap_or(&Value::Null);
                if value::text(style, "type") == "thinking" {
                    left_out.add(Reason::Thoughts);
                    continue;
                }
                content(step, &mut words, left_out);
                if let Some(info) = step.get("genInfo") {
                    let by = value::first(info, &["identifier", "indexedModelIdentifier"]);
                    model = text::name(by).or(model);
                }
                // It begins with the millisecond at which the step began.
                let began = value::text(step, "stepIdentifier");
                let began = began.split('-').next().unwrap_or_default();
                date = date.or_else(|| time::date(Some(&Value::from(began)), now_ms));
            }
            // For who looks after the program.
            "debugInfoBlock" => {}
            "toolStatus" | "toolCall" | "toolCallRequest" | "toolCallResult" => {
                left_out.add(Reason::Tools);
            }
            _ => left_out.add(Reason::Unknown),
        }
    }
    let words = words.join("\n\n");
    let (words, thoughts) = text::without_blocks(&words, "<think>", "</think>");
    left_out.add_many(Reason::Thoughts, thoughts);
    let mut said = Said::new(role, words.into_owned());
    said.created_ms = date;
    if role == Role::Assistant {
        said.model = model.or_else(|| last_used.map(ToOwned::to_owned));
    }
    Some(said)
}

fn content<'a>(of: &'a Value, words: &mut Vec<&'a str>, left_out: &mut LeftOut) {
    if let Some(text) = of.get("content").and_then(Value::as_str) {
        words.push(text);
    }
    for part in list(of, "content") {
        match value::text(part, "type") {
            "text" => words.push(value::text(part, "text")),
            // They are in a folder of their own, under names that only the program knows.
            "file" | "image" => left_out.add(Reason::Absent),
            "toolCallRequest" | "toolCallResult" => left_out.add(Reason::Tools),
            _ => left_out.add(Reason::Unknown),
        }
    }
}
