//! What SQLite really leaves on its pages: each is decrypted by hand, free ones included.
#![allow(clippy::unwrap_used)]

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use aes::Aes256;
use cbc::{
    Decryptor,
    cipher::{BlockModeDecrypt, KeyIvInit, block_padding::NoPadding},
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tandem_conversation::{ConversationId, Message, MessageId, MessageState, Role};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    KeyStore, KeyringError, Protection, Search, Shelf, Unlock, Vault,
    conversations::NEXT,
    database::{Seal, options, sealed},
    index,
    keys::Key,
    list,
    place::Place,
    search::message_sql,
};

const CANARY: &str = "pterodactyl";
const PAGE: usize = 4096;
/// The IV and the seal at the end of each page.
const RESERVED: usize = 16 + 32;
/// Salt in place of SQLite's header string on the first page.
const SALT: usize = 16;

#[derive(Default)]
struct OneKey(Mutex<Option<Vec<u8>>>);

impl KeyStore for OneKey {
    fn read(&self, _: Uuid) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        self.0
            .lock()
            .unwrap()
            .clone()
            .map(Zeroizing::new)
            .ok_or(KeyringError::Missing)
    }

    fn write(&self, _: Uuid, key: &[u8]) -> Result<(), KeyringError> {
        *self.0.lock().unwrap() = Some(key.to_vec());
        Ok(())
    }
}

fn database_key(dir: &Path, keys: &OneKey) -> Key {
    let place = Place::new(dir).unwrap();
    crate::vault::find_key(&place, &Unlock::Keyring, keys)
        .unwrap()
        .for_database()
        .unwrap()
}

/// All pages of the database, decrypted.
fn pages(dir: &Path, key: &Key) -> Vec<u8> {
    let file = std::fs::read(dir.join("vault.db")).unwrap();
    let mut plain = Vec::new();
    for (number, page) in file.chunks(PAGE).enumerate() {
        let begin = if number == 0 { SALT } else { 0 };
        let (content, reserved) = page.split_at(PAGE - RESERVED);
        let mut content = content[begin..].to_vec();
        Decryptor::<Aes256>::new_from_slices(key.bytes(), &reserved[..16])
            .unwrap()
            .decrypt_padded::<NoPadding>(&mut content)
            .unwrap();
        plain.extend(content);
    }
    plain
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes
        .windows(word.len())
        .any(|window| window == word.as_bytes())
}

async fn vault_with_canary(dir: &Path, keys: &Arc<OneKey>) -> (Vault, ConversationId) {
    let vault = Vault::create_with(dir, Protection::Keyring, keys.clone())
        .await
        .unwrap();
    let id = ConversationId(Uuid::from_u128(1));
    vault.create_conversation(id, 1).await.unwrap();
    vault.rename(id, CANARY).await.unwrap();
    for number in 0..50 {
        let message = Message {
            id: MessageId(Uuid::from_u128(100 + number)),
            conversation: id,
            parent: None,
            role: Role::User,
            text: format!(
                "{CANARY} {}",
                "many words ".repeat(usize::try_from(number * number).unwrap())
            ),
            state: MessageState::Complete,
            created_ms: 1,
            receipt: None,
        };
        vault.append(&message).await.unwrap();
    }
    index::keep_up(&vault, true).await.unwrap();
    (vault, id)
}

#[tokio::test]
async fn a_deleted_conversation_is_on_no_page() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Arc::new(OneKey::default());
    let (vault, id) = vault_with_canary(dir.path(), &keys).await;
    let key = database_key(dir.path(), &keys);
    vault.database.empty_log().await.unwrap();
    let before = pages(dir.path(), &key);
    assert!(
        holds(&before, "CREATE TABLE") && holds(&before, CANARY),
        "the pages weren't decrypted"
    );
    vault.delete_conversation(id).await.unwrap();
    let after = pages(dir.path(), &key);
    assert!(holds(&after, "CREATE TABLE"), "the pages weren't decrypted");
    assert!(!holds(&after, CANARY));
    assert!(!holds(&after, "many words"));
}

#[tokio::test]
async fn a_deleted_branch_is_on_no_page_and_the_other_is() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Arc::new(OneKey::default());
    let (vault, id) = vault_with_canary(dir.path(), &keys).await;
    let key = database_key(dir.path(), &keys);
    let message = |number: u128, text: &str| Message {
        id: MessageId(Uuid::from_u128(number)),
        conversation: id,
        parent: None,
        role: Role::User,
        text: text.to_owned(),
        state: MessageState::Complete,
        created_ms: 1,
        receipt: None,
    };
    for (number, text) in [(901, "archaeopteryx 始祖鳥は"), (902, "ichthyornis")] {
        vault.append(&message(number, text)).await.unwrap();
    }
    vault.database.empty_log().await.unwrap();
    let before = pages(dir.path(), &key);
    assert!(holds(&before, "archaeopteryx") && holds(&before, "ichthyornis"));
    vault
        .delete_branch(id, MessageId(Uuid::from_u128(901)))
        .await
        .unwrap();
    let after = pages(dir.path(), &key);
    assert!(!holds(&after, "archaeopteryx") && !holds(&after, "始祖"));
    assert!(holds(&after, "ichthyornis") && holds(&after, CANARY));
    vault
        .keep_branch(id, MessageId(Uuid::from_u128(902)))
        .await
        .unwrap();
    vault.rename(id, "").await.unwrap();
    vault.database.empty_log().await.unwrap();
    let last = pages(dir.path(), &key);
    assert!(holds(&last, "ichthyornis") && !holds(&last, CANARY) && !holds(&last, "many words"));
}

#[tokio::test]
async fn there_is_one_connection_and_no_other_gets_in() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Arc::new(OneKey::default());
    let (vault, _) = vault_with_canary(dir.path(), &keys).await;
    assert_eq!(vault.pool().options().get_max_connections(), 1);
    assert_eq!(vault.pool().size(), 1);
    let key = database_key(dir.path(), &keys);
    let other = SqliteConnectOptions::new()
        .filename(dir.path().join("vault.db"))
        .busy_timeout(std::time::Duration::ZERO)
        .pragma("key", key.pragma().to_string())
        .pragma("journal_mode", "WAL")
        .connect()
        .await;
    assert!(other.unwrap_err().to_string().contains("locked"));
}

#[tokio::test]
async fn the_settings_that_keep_data_safe_are_on() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Arc::new(OneKey::default());
    let (vault, _) = vault_with_canary(dir.path(), &keys).await;
    for (pragma, expected) in [
        ("PRAGMA synchronous", 2),
        ("PRAGMA secure_delete", 1),
        ("PRAGMA temp_store", 2),
        ("PRAGMA foreign_keys", 1),
        ("PRAGMA busy_timeout", 5000),
        (
            "SELECT v FROM message_index_config WHERE k = 'secure-delete'",
            1,
        ),
        (
            "SELECT v FROM title_index_config WHERE k = 'secure-delete'",
            1,
        ),
    ] {
        let found: i64 = sqlx::query_scalar(pragma)
            .fetch_one(vault.pool())
            .await
            .unwrap();
        assert_eq!(found, expected, "{pragma}");
    }
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(vault.pool())
        .await
        .unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Arc::new(OneKey::default());
    let (vault, _) = vault_with_canary(dir.path(), &keys).await;
    sqlx::query("INSERT INTO _sqlx_migrations SELECT 9999, description, installed_on, success, checksum, execution_time FROM _sqlx_migrations LIMIT 1")
        .execute(vault.pool())
        .await
        .unwrap();
    vault.close().await.unwrap();
    let error = Vault::open_with(dir.path(), Unlock::Keyring, keys)
        .await
        .unwrap_err();
    assert!(
        matches!(error, crate::VaultError::FromNewer { migration: 9999 }),
        "{error:?}"
    );
}

#[tokio::test]
async fn search_and_lists_use_their_indexes() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Arc::new(OneKey::default());
    let (vault, _) = vault_with_canary(dir.path(), &keys).await;
    let everywhere = message_sql(&Search::default());
    let filtered = message_sql(&Search {
        folder: Some(Uuid::nil()),
        tag: Some("a".to_owned()),
        from_ms: Some(1),
        model: Some("a".to_owned()),
        ..Search::default()
    });
    let shelf = |folder: bool, tag: bool| {
        list::sql(&Shelf {
            folder: folder.then(Uuid::nil),
            tag: tag.then(|| "a".to_owned()),
            archived: false,
        })
    };
    for statement in [
        "DELETE FROM conversations WHERE id = x'00'",
        "UPDATE messages SET text = '' WHERE id = x'00' AND state = 'streaming'",
        "SELECT text FROM messages WHERE conversation = x'00' ORDER BY row",
        "SELECT count(*) FROM messages WHERE conversation = x'00' AND parent = x'00'",
        "UPDATE messages SET state = 'interrupted' WHERE state = 'streaming'",
        "UPDATE conversations SET leaf = x'00' WHERE id = x'00'",
        "DELETE FROM folders WHERE id = x'00'",
        &format!("SELECT {NEXT}"),
        &everywhere,
        &filtered,
        &shelf(false, false),
        &shelf(true, false),
        &shelf(false, true),
        &shelf(true, true),
    ] {
        let statement = format!("EXPLAIN QUERY PLAN {statement}");
        let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(AssertSqlSafe(statement.clone()))
            .fetch_all(vault.pool())
            .await
            .unwrap();
        let slow = |step: &str| {
            let scans = step.starts_with("SCAN")
                && !step.contains("VIRTUAL TABLE")
                && !["SCAN f", "SCAN CONSTANT ROW"].contains(&step);
            // Messages of one conversation are sorted; lists and hits aren't.
            let listed = statement.contains("MATCH") || statement.contains("LIMIT");
            scans || (listed && step.contains("TEMP B-TREE"))
        };
        assert!(
            !plan.iter().any(|(_, _, _, step)| slow(step)),
            "{statement}: {plan:#?}"
        );
    }
}

#[tokio::test]
async fn a_vault_of_the_first_days_opens_as_it_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Arc::new(OneKey::default());
    let (vault, id) = vault_with_canary(dir.path(), &keys).await;
    vault.close().await.unwrap();
    let key = database_key(dir.path(), &keys);
    let path = dir.path().join("vault.db");
    std::fs::remove_file(&path).unwrap();
    std::fs::remove_file(dir.path().join("counter")).unwrap();
    let mut old = sealed(options(&path), &key, Seal::Sha512)
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql("CREATE TABLE old (a)")
        .execute(&mut old)
        .await
        .unwrap();
    old.close().await.unwrap();
    for _ in 0..2 {
        let vault = Vault::open_with(dir.path(), Unlock::Keyring, keys.clone())
            .await
            .unwrap();
        let old: i64 = sqlx::query_scalar("SELECT count(*) FROM old")
            .fetch_one(vault.pool())
            .await
            .unwrap();
        assert_eq!(old, 0);
        let _ = vault.create_conversation(id, 1).await;
        vault.verify().await.unwrap();
        vault.close().await.unwrap();
    }
}
