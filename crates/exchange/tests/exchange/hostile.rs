//! Files that no program writes.

use std::{fs, ops::ControlFlow};

use proptest::prelude::*;
use serde_json::{Value, json};
use tandem_exchange::{ExchangeError, Export, Reason};

use crate::support::{NOW, bytes, chatgpt, file, pack, read};

fn chat(mapping: &Value) -> Vec<u8> {
    json!([{ "id": "c", "title": "t", "mapping": mapping }])
        .to_string()
        .into_bytes()
}

fn node(parent: &str, text: &str) -> Value {
    json!({
        "parent": parent,
        "message": { "author": { "role": "user" }, "content": { "content_type": "text", "parts": [text] } },
    })
}

#[test]
fn rings_and_orphans_are_counted_and_their_words_kept() {
    let (_folder, path) = file(&chat(&json!({
        "a": node("b", "one"), "b": node("a", "two"), "c": node("gone", "three"),
    })));
    let (summary, found) = read(&path).unwrap();
    assert_eq!(found[0].messages.len(), 3);
    assert_eq!(summary.left_out.count(Reason::Rings), 1);
    assert_eq!(summary.left_out.count(Reason::Orphans), 1);
}

#[test]
fn a_chain_of_a_hundred_thousand_is_walked_without_a_deep_stack() {
    let mut mapping = serde_json::Map::new();
    for at in 0..100_000_u32 {
        let parent = at
            .checked_sub(1)
            .map(|parent| format!("{parent:06}"))
            .unwrap_or_default();
        mapping.insert(format!("{at:06}"), node(&parent, "x"));
    }
    let (_folder, path) = file(&chat(&Value::Object(mapping)));
    let (_, found) = read(&path).unwrap();
    assert_eq!(found[0].path().len(), 100_000);
}

#[test]
fn a_name_with_folders_in_it_leads_nowhere() {
    let content = json!([{
        "uuid": "c", "name": "../../title\n<b>", "chat_messages": [{
            "uuid": "m", "sender": "human", "text": "x",
            "attachments": [{ "file_name": "../../../etc/cron.d/x.txt", "extracted_content": "y" }],
        }],
    }]);
    let (_folder, path) = file(content.to_string().as_bytes());
    let (_, found) = read(&path).unwrap();
    assert_eq!(found[0].messages[0].attachments[0].name, "x.txt");
    assert_eq!(found[0].title, "../../title <b>");
}

#[test]
fn a_file_that_breaks_off_gives_what_is_whole_and_says_so() {
    let whole = bytes("claude/conversations.json");
    let second = whole
        .windows(9)
        .rposition(|part| part == b"\"uuid\": \"")
        .unwrap();
    let (_folder, path) = file(&whole[..second]);
    let mut seen = 0;
    let read = Export::open(&path, None, NOW)
        .unwrap()
        .read(&mut |_, _, _| {
            seen += 1;
            ControlFlow::Continue(())
        });
    assert!(
        matches!(
            read,
            Err(ExchangeError::Damaged {
                conversations: 1,
                ..
            })
        ),
        "{read:?}"
    );
    assert_eq!(seen, 1);
}

#[test]
fn nesting_without_an_end_is_an_error() {
    let deep = format!("[{{\"mapping\":{}", "{\"a\":".repeat(100_000));
    let (_folder, path) = file(deep.as_bytes());
    assert!(read(&path).is_err());
}

#[test]
fn a_packed_file_that_was_cut_or_is_locked_is_an_error() {
    let (_folder, path) = chatgpt();
    let whole = fs::read(&path).unwrap();
    for length in [4, 100, whole.len() / 2, whole.len() - 1] {
        let (_folder, path) = file(&whole[..length]);
        assert!(
            matches!(read(&path), Err(ExchangeError::Damaged { .. })),
            "{length}"
        );
    }
    let mut locked = whole.clone();
    // The mark of encryption in the first entry of the directory at the end.
    let directory = locked
        .windows(4)
        .rposition(|part| part == b"PK\x01\x02")
        .unwrap();
    locked[directory + 8] |= 1;
    let (_folder, path) = file(&locked);
    assert!(matches!(read(&path), Err(ExchangeError::Locked)));
}

#[test]
fn reading_stops_when_told() {
    let (_folder, path) = file(&bytes("claude/conversations.json"));
    let summary = Export::open(&path, None, NOW)
        .unwrap()
        .read(&mut |_, _, _| ControlFlow::Break(()))
        .unwrap();
    assert!(summary.stopped);
    assert_eq!(summary.conversations, 1);
}

#[test]
fn links_in_a_folder_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("conversations.json"),
        bytes("claude/conversations.json"),
    )
    .unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
    assert_eq!(read(folder.path()).unwrap().1.len(), 2);
}

const FIXTURES: [&str; 6] = [
    "chatgpt/conversations.json",
    "claude/conversations.json",
    "jan/threads/jan_1/messages.jsonl",
    "lm-studio/conversations/Work/1724000000000.conversation.json",
    "ollama/chat.json",
    "open-webui/chat-export.json",
];

/// Any JSON, with the names and words that readers look for among the others.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "id",
        "uuid",
        "mapping",
        "message",
        "parent",
        "children",
        "author",
        "role",
        "user",
        "assistant",
        "tool",
        "content",
        "content_type",
        "text",
        "multimodal_text",
        "parts",
        "chat_messages",
        "sender",
        "human",
        "parent_message_uuid",
        "attachments",
        "messages",
        "versions",
        "currentlySelected",
        "steps",
        "type",
        "contentBlock",
        "history",
        "currentId",
        "parentId",
        "chat",
        "files",
        "url",
        "data:image/png;base64,AAAA",
        "tandem",
        "title",
        "created_at",
        "create_time",
        "current_node",
        "metadata",
        "images",
        "model",
        "a",
        "b",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..6).prop_map(|fields| {
                fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect::<Value>()
            }),
        ]
    })
}

/// Puts `with` in the place of the `at`-th value in `value`.
fn graft(value: &mut Value, at: &mut usize, with: &Value) -> bool {
    if *at == 0 {
        *value = with.clone();
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(list) => list.iter_mut().any(|value| graft(value, at, with)),
        Value::Object(map) => map.values_mut().any(|value| graft(value, at, with)),
        _ => false,
    }
}

fn holds(path: &std::path::Path) {
    let Ok((_, found)) = read(path) else { return };
    for conversation in found {
        assert!(!conversation.id.is_empty());
        assert!(!conversation.messages.is_empty());
        assert!(!conversation.path().is_empty());
        for (at, message) in conversation.messages.iter().enumerate() {
            assert!(message.parent.is_none_or(|parent| parent < at));
            assert!(!message.id.is_empty());
            assert!((946_684_800_000..NOW + 172_800_001).contains(&message.created_ms));
            for attachment in &message.attachments {
                assert!(!attachment.name.contains(['/', '\\']) && !attachment.name.is_empty());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_json_is_read_or_refused(value in any_json(), list in any::<bool>()) {
        let value = if list { json!([value]) } else { value };
        let (_folder, path) = file(value.to_string().as_bytes());
        holds(&path);
    }

    #[test]
    fn a_fixture_with_a_part_replaced_is_read_or_refused(
        which in 0..FIXTURES.len(), at in any::<prop::sample::Index>(), with in any_json(),
    ) {
        let text = String::from_utf8(bytes(FIXTURES[which])).unwrap();
        let mut values: Vec<Value> = serde_json::Deserializer::from_str(&text)
            .into_iter().collect::<Result<_, _>>().unwrap();
        let mut at = at.index(200);
        let _ = values.iter_mut().any(|value| graft(value, &mut at, &with));
        let text: Vec<String> = values.iter().map(Value::to_string).collect();
        let (_folder, path) = file(text.join("\n").as_bytes());
        holds(&path);
    }

    #[test]
    fn a_fixture_with_bytes_changed_is_read_or_refused(
        which in 0..FIXTURES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = bytes(FIXTURES[which]);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let (_folder, path) = file(&bytes);
        holds(&path);
    }

    #[test]
    fn a_packed_file_with_bytes_changed_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (_folder, path) = pack(&[("conversations.json", &bytes("claude/conversations.json")), ("x.png", b"x")]);
        let mut bytes = fs::read(&path).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let (_folder, path) = file(&bytes);
        holds(&path);
    }
}
