//! What the tests share: fixtures, packed on the fly.

use std::{
    fs::{self, File},
    io::Write,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use tandem_exchange::{Content, Conversation, ExchangeError, Export, Kind, Summary};
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

/// The time at which the tests read, in milliseconds since 1970 UTC.
pub(crate) const NOW: i64 = 1_800_000_000_000;
/// The first bytes of a picture.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    fs::read(fixture(name)).unwrap()
}

/// A packed file of `entries` in a folder of its own.
pub(crate) fn pack(entries: &[(&str, &[u8])]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.bin");
    let mut packed = ZipWriter::new(File::create(&path).unwrap());
    for (name, bytes) in entries {
        packed
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        packed.write_all(bytes).unwrap();
    }
    packed.finish().unwrap();
    (folder, path)
}

/// A file of these bytes in a folder of its own.
pub(crate) fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a file");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// Everything in `path`, with the attachments' bytes where they are.
pub(crate) fn read(path: &Path) -> Result<(Summary, Vec<Conversation>), ExchangeError> {
    read_sealed(path, None)
}

pub(crate) fn read_sealed(
    path: &Path,
    passphrase: Option<&str>,
) -> Result<(Summary, Vec<Conversation>), ExchangeError> {
    let mut found = Vec::new();
    let mut kinds: Vec<Kind> = Vec::new();
    let summary =
        Export::open(path, passphrase, NOW)?.read(&mut |kind, mut conversation, files| {
            for attachment in conversation
                .messages
                .iter_mut()
                .flat_map(|m| &mut m.attachments)
            {
                let bytes = files.load(&attachment.content).unwrap();
                assert_eq!(bytes.len() as u64, attachment.content.bytes());
                attachment.content = Content::Bytes(bytes);
            }
            found.push(conversation);
            kinds.push(kind);
            ControlFlow::Continue(())
        })?;
    assert!(kinds.iter().all(|&kind| kind == summary.kind));
    assert_eq!(summary.conversations, found.len() as u64);
    Ok((summary, found))
}

/// The messages of a conversation: id, the parent's id, text.
pub(crate) fn tree(conversation: &Conversation) -> Vec<(&str, Option<&str>, &str)> {
    conversation
        .messages
        .iter()
        .map(|message| {
            let parent = message
                .parent
                .map(|at| conversation.messages[at].id.as_str());
            (message.id.as_str(), parent, message.text.as_str())
        })
        .collect()
}

/// The id of the message that the shown path ends with.
pub(crate) fn leaf(conversation: &Conversation) -> &str {
    &conversation.messages[conversation.leaf.unwrap()].id
}

/// The names, kinds and bytes of a message's attachments.
pub(crate) fn attached(conversation: &Conversation, at: usize) -> Vec<(&str, &str, &[u8])> {
    conversation.messages[at]
        .attachments
        .iter()
        .map(|attachment| match &attachment.content {
            Content::Bytes(bytes) => (
                attachment.name.as_str(),
                attachment.mime.as_str(),
                bytes.as_slice(),
            ),
            Content::Stored { .. } => panic!("not loaded"),
        })
        .collect()
}

/// The export of a ChatGPT account, with the files that its messages name.
pub(crate) fn chatgpt() -> (TempDir, PathBuf) {
    pack(&[
        (
            "user.json",
            br#"{"id": "user-1", "email": "a@example.org"}"#,
        ),
        ("message_feedback.json", b"[]"),
        ("chat.html", b"<html></html>"),
        ("conversations.json", &bytes("chatgpt/conversations.json")),
        ("file-AbCdEf123456-tower at dusk.png", PNG),
        ("dalle-generations/file_00112233aabb.dat", PNG),
    ])
}
