//! The whole log, at its most talkative, holds no key and nothing that was said.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use tandem_conversation::{ConversationId, Message, MessageId, MessageState, Role};
use tandem_vault::{Phrase, Protection, Unlock, Vault};
use uuid::Uuid;
use zeroize::Zeroizing;

const CANARY: &str = "archaeopteryx";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// Alone in its program, because the log of all threads is one for the whole process.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_holds_no_key_and_nothing_that_was_said() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();

    let dir = tempfile::tempdir().unwrap();
    let passphrase = Zeroizing::new(CANARY.to_owned());
    let vault = Vault::create(dir.path(), Protection::Passphrase(passphrase.clone()))
        .await
        .unwrap();
    let message = Message {
        id: MessageId(Uuid::from_u128(1)),
        conversation: ConversationId(Uuid::from_u128(2)),
        parent: None,
        role: Role::User,
        text: CANARY.to_owned(),
        state: MessageState::Complete,
        created_ms: 0,
        receipt: None,
    };
    vault
        .create_conversation(message.conversation, 0)
        .await
        .unwrap();
    vault.rename(message.conversation, CANARY).await.unwrap();
    vault.append(&message).await.unwrap();
    vault.append(&message).await.unwrap_err();
    vault.set_setting(CANARY, CANARY).await.unwrap();
    vault.search(CANARY, 10).await.unwrap();
    vault.verify().await.unwrap();
    vault.set_draft(None, CANARY).await.unwrap();
    let phrase = Phrase::random().unwrap();
    let vault = vault
        .rotate(&phrase, Some(passphrase.clone()))
        .await
        .unwrap();
    vault.close().await.unwrap();
    Vault::open(dir.path(), Unlock::Phrase(phrase.clone()))
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    Vault::open(
        dir.path(),
        Unlock::Passphrase(Zeroizing::new("wrong".to_owned())),
    )
    .await
    .unwrap_err();
    Vault::open(dir.path(), Unlock::Passphrase(passphrase))
        .await
        .unwrap()
        .close()
        .await
        .unwrap();

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("the vault is open"),
        "nothing was captured: {log}"
    );
    assert!(!log.contains(CANARY), "{log}");
    assert!(!log.to_lowercase().contains("pragma"), "{log}");
    assert!(!log.contains(&phrase.words()[..2].join(" ")), "{log}");
    let longest_hex = log
        .split(|c: char| !c.is_ascii_hexdigit())
        .map(str::len)
        .max();
    assert!(longest_hex < Some(64), "{log}");
}
