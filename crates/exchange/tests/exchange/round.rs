//! What is written comes back as it was.

use std::{fs, path::Path};

use tandem_conversation::{MessageState, Overflow, Receipt, Role, Route};
use tandem_exchange::{
    Attachment, Content, Conversation, ExchangeError, Format, Kind, LeftOut, Message, Target,
    Writer,
};

use crate::support::{NOW, chatgpt, fixture, pack, read, read_sealed};

fn receipt() -> Receipt {
    Receipt {
        route: Route::Device,
        reason: "only-device".into(),
        model: "SmolLM2-135M-Instruct".into(),
        prompt_tokens: 3,
        reused_tokens: 1,
        tokens: 9,
        accepted_tokens: 2,
        prompt_ms: 5,
        generate_ms: 7,
        mean_logprob: Some(-0.5),
        unseen_messages: 0,
        summary: None,
    }
}

fn message(id: &str, parent: Option<usize>, role: Role, text: &str) -> Message {
    Message {
        id: id.into(),
        parent,
        role,
        text: text.into(),
        created_ms: NOW - 1000,
        model: None,
        state: MessageState::Complete,
        receipt: None,
        attachments: Vec::new(),
    }
}

fn own() -> Conversation {
    let mut messages = vec![
        message(
            "1",
            None,
            Role::User,
            "A question\nwith \"lines\" and 日本語",
        ),
        message("2", Some(0), Role::Assistant, "An answer"),
        message("3", Some(0), Role::Assistant, "Another"),
        message("4", None, Role::User, "The question, edited"),
    ];
    messages[1].receipt = Some(receipt());
    messages[1].model = Some("SmolLM2-135M-Instruct".into());
    messages[2].state = MessageState::Stopped;
    messages[0].attachments = vec![
        Attachment {
            name: "a.bin".into(),
            mime: "application/octet-stream".into(),
            content: Content::Bytes((0..=255).cycle().take(200_000).collect()),
        },
        Attachment {
            name: "empty.txt".into(),
            mime: "text/plain".into(),
            content: Content::Bytes(Vec::new()),
        },
    ];
    Conversation {
        id: "conversation-1".into(),
        title: "A title: with \"quotes\"".into(),
        created_ms: NOW - 5000,
        updated_ms: NOW - 1000,
        folder: Some("Boats".into()),
        tags: vec!["sea".into(), "wind".into()],
        pinned: true,
        archived: true,
        overflow: Overflow::Summarize,
        leaf: Some(1),
        messages,
        left_out: LeftOut::default(),
    }
}

fn write(path: &Path, conversations: &[Conversation], format: Format, passphrase: Option<&str>) {
    let target = Target::new(path, false).unwrap();
    let mut writer = Writer::begin(target, format, passphrase, NOW).unwrap();
    for conversation in conversations {
        writer
            .add(conversation, &mut |_| panic!("all bytes are here"))
            .unwrap();
    }
    let written = writer.finish().unwrap();
    assert_eq!(written.conversations, conversations.len() as u64);
}

/// What comes from all formats, and our own.
fn everything() -> Vec<Conversation> {
    let mut all = vec![own()];
    let (_folder, chatgpt) = chatgpt();
    for path in [
        chatgpt,
        fixture("claude"),
        fixture("jan"),
        fixture("lm-studio"),
        fixture("ollama"),
        fixture("open-webui"),
    ] {
        all.extend(read(&path).unwrap().1);
    }
    for conversation in &mut all {
        conversation.left_out = LeftOut::default();
    }
    all
}

#[test]
fn an_archive_gives_back_everything_plain_or_sealed() {
    let all = everything();
    assert_eq!(all.len(), 8);
    let folder = tempfile::tempdir().unwrap();
    for (name, passphrase) in [("plain", None), ("sealed", Some("tide and time"))] {
        let path = folder.path().join(name);
        write(&path, &all, Format::Archive, passphrase);
        let (summary, found) = read_sealed(&path, passphrase).unwrap();
        assert_eq!(summary.kind, Kind::Tandem);
        assert!(summary.left_out.is_empty(), "{:?}", summary.left_out);
        assert_eq!(found, all);
    }
    let sealed = fs::read(folder.path().join("sealed")).unwrap();
    for word in ["question", "conversation", "manifest", "PK\u{1}"] {
        assert!(
            !sealed
                .windows(word.len())
                .any(|part| part == word.as_bytes()),
            "{word}"
        );
    }
    let path = folder.path().join("sealed");
    assert!(matches!(read(&path), Err(ExchangeError::PassphraseNeeded)));
    assert_eq!(
        read_sealed(&path, Some("other")).unwrap_err().code(),
        "passphrase-wrong"
    );
}

#[test]
fn an_archive_of_nothing_is_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none");
    write(&path, &[], Format::Archive, None);
    assert_eq!(read(&path).unwrap().0.conversations, 0);
}

#[test]
fn json_gives_back_everything_but_the_bytes_of_attachments() {
    let mut all = everything();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.json");
    write(&path, &all, Format::Json, None);
    let (summary, found) = read(&path).unwrap();
    assert_eq!(summary.kind, Kind::Tandem);
    for message in all
        .iter_mut()
        .flat_map(|conversation| &mut conversation.messages)
    {
        message.attachments.clear();
    }
    // A picture without a word is nothing without its bytes.
    assert_eq!(found.len(), all.len());
    for (found, expected) in found.iter().zip(&all) {
        let kept = expected
            .messages
            .iter()
            .filter(|message| !message.text.is_empty());
        assert!(
            found
                .messages
                .iter()
                .map(|m| (&m.id, &m.text))
                .eq(kept.map(|m| (&m.id, &m.text)))
        );
    }
    assert_eq!(found[0].folder, all[0].folder);
    assert_eq!(found[0].messages, all[0].messages);
}

#[test]
fn an_archive_of_a_later_tandem_is_told_apart() {
    let manifest = br#"{"format":"tandem-archive","version":2,"holds":"what nobody knows"}"#;
    let (_folder, path) = pack(&[("manifest.json", manifest)]);
    assert!(matches!(read(&path), Err(ExchangeError::Newer)));
}

#[test]
fn an_archive_that_lost_conversations_says_so() {
    let manifest = r#"{"format":"tandem-archive","version":1,"written":"","conversations":2,"messages":4,
        "attachments":0,"files":["conversations/000001.jsonl"]}"#;
    let line = r#"{"tandem":1,"id":"1","title":"","created_ms":1700000000000,
        "messages":[{"id":"1","role":"user","text":"x","created_ms":1700000000000}]}"#;
    let (_folder, path) = pack(&[
        ("manifest.json", manifest.as_bytes()),
        ("conversations/000001.jsonl", line.as_bytes()),
    ]);
    assert!(matches!(
        read(&path),
        Err(ExchangeError::Damaged {
            conversations: 1,
            ..
        })
    ));
}

#[test]
fn markdown_is_the_shown_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.md");
    write(&path, &[own()], Format::Markdown { one: true }, None);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "---\ntitle: \"A title: with \\\"quotes\\\"\"\ndate: \"2027-01-15T07:59:55Z\"\n\
         updated: \"2027-01-15T07:59:59Z\"\nmodel: \"SmolLM2-135M-Instruct\"\ntags: \"sea, wind\"\n---\n\n\
         # A title: with \"quotes\"\n\n## You\n\nA question\nwith \"lines\" and 日本語\n\n*Attached: a.bin*\n\n\
         *Attached: empty.txt*\n\n## SmolLM2-135M-Instruct\n\nAn answer\n"
    );
}

#[test]
fn pages_of_one_title_have_names_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pages.zip");
    write(
        &path,
        &[own(), own(), own()],
        Format::Markdown { one: false },
        None,
    );
    let packed = zip::ZipArchive::new(fs::File::open(&path).unwrap()).unwrap();
    let names: Vec<String> = packed
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    assert_eq!(
        names,
        [
            "2027-01-15 A title_ with _quotes_.md",
            "2027-01-15 A title_ with _quotes_ 2.md",
            "2027-01-15 A title_ with _quotes_ 3.md",
        ]
    );
}

#[test]
fn nothing_is_overwritten_without_a_word_and_nothing_half_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    fs::write(&path, "mine").unwrap();
    assert!(matches!(
        Target::new(&path, false),
        Err(ExchangeError::Exists { .. })
    ));
    assert!(Target::new(folder.path(), true).is_err());
    // One that comes while it is being written.
    let other = folder.path().join("other");
    let target = Target::new(&other, false).unwrap();
    let writer = Writer::begin(target, Format::Json, None, NOW).unwrap();
    fs::write(&other, "came meanwhile").unwrap();
    assert!(matches!(writer.finish(), Err(ExchangeError::Exists { .. })));
    assert_eq!(fs::read_to_string(&other).unwrap(), "came meanwhile");
    // One that is given up.
    let target = Target::new(&folder.path().join("third"), false).unwrap();
    let mut writer = Writer::begin(target, Format::Archive, None, NOW).unwrap();
    writer.add(&own(), &mut |_| panic!()).unwrap();
    drop(writer);
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["archive", "other"]);
    // And one that is to be replaced.
    let target = Target::new(&path, true).unwrap();
    Writer::begin(target, Format::Json, None, NOW)
        .unwrap()
        .finish()
        .unwrap();
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .starts_with("{\"format\"")
    );
}
