//! Each format, as its program writes it.

use tandem_conversation::{MessageState, Role};
use tandem_exchange::{ExchangeError, Kind, LeftOut, Reason};

use crate::support::{PNG, attached, bytes, chatgpt, file, fixture, leaf, pack, read, tree};

fn counts(left_out: &LeftOut) -> Vec<(Reason, u64)> {
    left_out.iter().collect()
}

#[test]
fn chatgpt_branches_pictures_and_what_is_not_shown() {
    let (_folder, path) = chatgpt();
    let (summary, found) = read(&path).unwrap();
    assert_eq!(summary.kind, Kind::ChatGpt);
    let [conversation] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        tree(conversation),
        [
            ("q-1", None, "Who lived in this tower?"),
            ("a-1", Some("q-1"), "A keeper and his family."),
            (
                "a-2",
                Some("q-1"),
                "Three keepers took turns. They left in 1968."
            ),
            ("q-2", Some("a-2"), "Draw it for me."),
            ("draw-1", Some("q-2"), ""),
        ]
    );
    assert_eq!(conversation.title, "Lighthouse keepers");
    assert_eq!(conversation.id, "11111111-aaaa-4bbb-8ccc-000000000001");
    assert!(conversation.archived);
    assert_eq!(leaf(conversation), "draw-1");
    assert_eq!(conversation.created_ms, 1_711_696_000_123);
    assert_eq!(conversation.messages[0].created_ms, 1_711_696_001_250);
    assert_eq!(conversation.updated_ms, 1_711_696_210_000);
    let models: Vec<_> = conversation
        .messages
        .iter()
        .map(|m| m.model.as_deref())
        .collect();
    assert_eq!(
        models,
        [None, Some("gpt-4"), Some("o3"), None, Some("gpt-4")]
    );
    assert_eq!(
        attached(conversation, 0),
        [("tower at dusk.png", "image/png", PNG)]
    );
    assert_eq!(
        attached(conversation, 4),
        [("file_00112233aabb.png", "image/png", PNG)]
    );
    assert_eq!(
        counts(&summary.left_out),
        [
            (Reason::Tools, 2),
            (Reason::Hidden, 1),
            (Reason::Thoughts, 1),
            (Reason::Sound, 1),
            (Reason::Absent, 1),
            (Reason::EmptyConversations, 1),
        ]
    );
    assert_eq!(
        (summary.messages, summary.branches, summary.attachments),
        (5, 1, 2)
    );
}

#[test]
fn chatgpt_unpacked_or_as_one_file_or_in_numbered_files_is_the_same() {
    let whole = bytes("chatgpt/conversations.json");
    let (_folder, packed) = pack(&[("conversations-000.json", &whole)]);
    let (_folder, alone) = file(&whole);
    for path in [packed, alone, fixture("chatgpt")] {
        let (summary, found) = read(&path).unwrap();
        assert_eq!((summary.kind, found.len()), (Kind::ChatGpt, 1));
        // Pictures are named and not there.
        assert_eq!(summary.left_out.count(Reason::Absent), 3);
    }
}

#[test]
fn claude_branches_attachments_and_older_exports() {
    let conversations = bytes("claude/conversations.json");
    let (_folder, path) = pack(&[
        ("users.json", b"[{\"uuid\": \"u\", \"full_name\": \"A\"}]"),
        ("projects.json", b"[]"),
        ("conversations.json", &conversations),
    ]);
    let (summary, found) = read(&path).unwrap();
    assert_eq!(summary.kind, Kind::Claude);
    let [newer, older] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        tree(newer),
        [
            ("m-1", None, "When is high tide?"),
            ("m-2", Some("m-1"), "At 06:40."),
            ("m-3", Some("m-1"), "At twenty to seven."),
            ("m-4", Some("m-3"), "A long letter that was pasted."),
        ]
    );
    assert_eq!(leaf(newer), "m-4");
    assert_eq!(newer.created_ms, 1_743_231_994_084);
    assert_eq!(
        attached(newer, 0),
        [
            (
                "tides.csv",
                "text/plain",
                &b"day,high\n1,06:40\n2,07:31"[..]
            ),
            ("chart.pdf.txt", "text/plain", b"Chart of the bay"),
        ]
    );
    assert_eq!(
        tree(older),
        [
            ("o-1", None, "From an older export"),
            ("o-2", Some("o-1"), "without a tree."),
        ]
    );
    assert_eq!(
        counts(&summary.left_out),
        [
            (Reason::Tools, 2),
            (Reason::Thoughts, 1),
            (Reason::Absent, 1)
        ]
    );
}

#[test]
fn jan_threads_from_a_folder_or_packed() {
    let (_folder, packed) = pack(&[
        (
            "threads/jan_1/thread.json",
            &bytes("jan/threads/jan_1/thread.json"),
        ),
        (
            "threads/jan_1/messages.jsonl",
            &bytes("jan/threads/jan_1/messages.jsonl"),
        ),
    ]);
    for path in [
        packed,
        fixture("jan"),
        fixture("jan/threads"),
        fixture("jan/threads/jan_1"),
    ] {
        let (summary, found) = read(&path).unwrap();
        assert_eq!(summary.kind, Kind::Jan);
        let [thread] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(
            tree(thread),
            [
                ("01A", None, "How is a bowline tied?"),
                ("01B", Some("01A"), "Over, under."),
            ]
        );
        assert_eq!(
            (thread.id.as_str(), thread.title.as_str()),
            ("jan_1", "Sailing knots")
        );
        assert_eq!(
            (thread.folder.as_deref(), thread.pinned),
            (Some("Boats"), true)
        );
        assert_eq!(thread.created_ms, 1_738_000_000_000);
        assert_eq!(thread.messages[1].created_ms, 1_738_000_009_000);
        assert_eq!(
            thread.messages[1].model.as_deref(),
            Some("llama3.2-3b-instruct")
        );
        assert_eq!(thread.messages[1].state, MessageState::Stopped);
        assert_eq!(attached(thread, 0), [("image.png", "image/png", PNG)]);
        assert_eq!(
            counts(&summary.left_out),
            [(Reason::Tools, 1), (Reason::Thoughts, 1)]
        );
    }
}

#[test]
fn lm_studio_versions_folders_and_dates() {
    let one = fixture("lm-studio/conversations/Work/1724000000000.conversation.json");
    for (path, folder) in [
        (fixture("lm-studio/conversations"), Some("Work")),
        (fixture("lm-studio"), Some("Work")),
        (one, None),
    ] {
        let (summary, found) = read(&path).unwrap();
        assert_eq!(summary.kind, Kind::LmStudio);
        let [conversation] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(
            tree(conversation),
            [
                ("0.0", None, "Name my boat."),
                ("1.0", Some("0.0"), "Petrel"),
                ("2.0", Some("1.0"), "Another."),
                ("1.1", Some("0.0"), "Fulmar"),
            ]
        );
        assert_eq!(leaf(conversation), "2.0");
        assert_eq!(conversation.id, "1724000000000");
        assert_eq!(
            (conversation.folder.as_deref(), conversation.pinned),
            (folder, true)
        );
        let dates: Vec<_> = conversation.messages.iter().map(|m| m.created_ms).collect();
        assert_eq!(
            dates,
            [
                1_724_000_000_000,
                1_724_000_005_000,
                1_724_000_005_000,
                1_724_000_016_000
            ]
        );
        assert_eq!(
            conversation.messages[1].model.as_deref(),
            Some("qwen2.5-7b-instruct")
        );
        assert_eq!(
            counts(&summary.left_out),
            [
                (Reason::Instructions, 1),
                (Reason::Thoughts, 1),
                (Reason::Absent, 1),
                (Reason::Undated, 2),
            ]
        );
    }
}

#[test]
fn ollama_lists_with_and_without_a_frame() {
    let (summary, found) = read(&fixture("ollama/chat.json")).unwrap();
    assert_eq!(summary.kind, Kind::Ollama);
    let [conversation] = &found[..] else {
        panic!("{found:?}")
    };
    let texts: Vec<_> = conversation
        .messages
        .iter()
        .map(|m| (m.role, m.text.as_str()))
        .collect();
    assert_eq!(
        texts,
        [(Role::User, "What is this?"), (Role::Assistant, "A pixel.")]
    );
    assert_eq!(conversation.messages[1].model.as_deref(), Some("llama3.2"));
    assert_eq!(conversation.created_ms, 1_738_555_506_789);
    assert_eq!(
        attached(conversation, 0),
        [("image-1.png", "image/png", PNG)]
    );
    assert_eq!(
        counts(&summary.left_out),
        [
            (Reason::Tools, 2),
            (Reason::Instructions, 1),
            (Reason::Thoughts, 1),
            (Reason::Undated, 2),
        ]
    );
    let (_folder, path) =
        file(br#"[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]"#);
    let (_, bare) = read(&path).unwrap();
    assert_eq!(bare[0].messages.len(), 2);
}

#[test]
fn a_list_of_ollama_that_grew_is_the_same_conversation() {
    let (_folder, short) =
        file(br#"[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]"#);
    let (_folder, long) = file(
        br#"[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]"#,
    );
    let (short, long) = (&read(&short).unwrap().1[0], &read(&long).unwrap().1[0]);
    assert_eq!(short.id, long.id);
    assert_eq!(tree(short), tree(long)[..2]);
}

#[test]
fn open_webui_branches_tags_and_files() {
    let (summary, found) = read(&fixture("open-webui/chat-export.json")).unwrap();
    assert_eq!(summary.kind, Kind::OpenWebUi);
    let [chat] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        tree(chat),
        [
            ("w-1", None, "Which light is green?"),
            ("w-2", Some("w-1"), "Starboard."),
            ("w-3", Some("w-1"), "The right one."),
            ("w-4", Some("w-3"), "Thanks"),
        ]
    );
    assert_eq!((leaf(chat), chat.pinned), ("w-4", true));
    assert_eq!(chat.tags, ["sea", "lights"]);
    assert_eq!(chat.created_ms, 1_740_000_000_000);
    assert_eq!(chat.messages[2].model.as_deref(), Some("qwen2.5:7b"));
    assert_eq!(
        attached(chat, 0),
        [
            ("file.png", "image/png", PNG),
            ("pilot.pdf.txt", "text/plain", b"Green to starboard."),
        ]
    );
    assert_eq!(
        counts(&summary.left_out),
        [(Reason::Thoughts, 1), (Reason::Absent, 1)]
    );
}

#[test]
fn what_is_no_export_is_said_so() {
    for bytes in [
        &b""[..],
        b"hello",
        b"[]",
        b"{}",
        b"[1,2,3]",
        b"{\"messages\":[]}",
        b"%PDF-1.7\n",
    ] {
        let (_folder, path) = file(bytes);
        let found = read(&path).map(|(summary, _)| summary);
        assert!(
            matches!(found, Err(ExchangeError::Unrecognized)),
            "{bytes:?}: {found:?}"
        );
    }
    let (_folder, path) = pack(&[("photo.png", PNG), ("settings.json", b"{\"a\": 1}")]);
    assert!(matches!(read(&path), Err(ExchangeError::Unrecognized)));
    let (_folder, path) = file(b"SQLite format 3\0and more");
    assert!(matches!(read(&path), Err(ExchangeError::Database)));
    let gone = std::path::Path::new("/there/is/no/such/file");
    assert!(matches!(read(gone), Err(ExchangeError::Missing { .. })));
}
