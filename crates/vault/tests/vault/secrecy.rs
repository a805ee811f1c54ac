//! What is said is in no file in the clear, and no secret is printed.

use std::fs;

use tandem_conversation::MessageState;
use tandem_vault::{Protection, Unlock, Vault};
use zeroize::Zeroizing;

use crate::support::{answer, files, holds, message_id, one_conversation, question};

const CANARY: &str = "quetzalcoatlus-canary";

#[tokio::test]
async fn what_is_said_is_in_no_file_in_the_clear() {
    let (home, vault, id) = one_conversation().await;
    let asked = question(1, id, CANARY);
    vault.append(&asked).await.unwrap();
    vault.append(&answer(2, &asked)).await.unwrap();
    vault.checkpoint(message_id(2), CANARY).await.unwrap();
    vault
        .finish(
            message_id(2),
            &CANARY.repeat(1000),
            MessageState::Complete,
            None,
        )
        .await
        .unwrap();
    vault.rename(id, CANARY).await.unwrap();
    vault.set_setting(CANARY, CANARY).await.unwrap();
    vault.search(CANARY, 10).await.unwrap();
    for closed in [false, true] {
        if closed {
            vault.close().await.unwrap();
        }
        let files = files(&home.dir);
        assert!(files.len() >= 3, "{files:?}");
        for (path, bytes) in files {
            assert!(!holds(&bytes, "quetzal"), "{} holds it", path.display());
            assert!(
                !holds(&bytes, "CREATE TABLE"),
                "{} holds the schema",
                path.display()
            );
        }
    }
    // The test can see a canary where there is one.
    fs::write(home.file("plain"), CANARY).unwrap();
    assert!(
        files(&home.dir)
            .iter()
            .any(|(_, bytes)| holds(bytes, "quetzal"))
    );
}

#[tokio::test]
async fn the_keyrings_key_is_in_no_file() {
    let (home, vault, _) = one_conversation().await;
    vault.close().await.unwrap();
    let keys: Vec<Vec<u8>> = home.keys.entries().into_values().collect();
    assert_eq!(keys.len(), 1);
    // The vault's id comes first, and is no secret.
    let key = &keys[0][16..];
    assert_eq!(key.len(), 32);
    for (path, bytes) in files(&home.dir) {
        let found = bytes.windows(key.len()).any(|window| window == key);
        assert!(!found, "{} holds it", path.display());
    }
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let (home, vault, _) = one_conversation().await;
    let secret = Zeroizing::new(CANARY.to_owned());
    let printed = format!(
        "{vault:?} {:?} {:?} {:?}",
        Protection::Passphrase(secret.clone()),
        Unlock::Passphrase(secret.clone()),
        Vault::open_with(&home.dir, Unlock::Passphrase(secret), home.keys.clone())
            .await
            .unwrap_err(),
    );
    assert!(!printed.contains("quetzal"), "{printed}");
    assert!(!printed.contains("x'"), "{printed}");
}

#[tokio::test]
async fn the_log_is_empty_after_a_deletion_and_after_a_close() {
    let (home, vault, id) = one_conversation().await;
    let length = || fs::metadata(home.file("vault.db-wal")).map_or(0, |metadata| metadata.len());
    vault.append(&question(1, id, CANARY)).await.unwrap();
    assert!(length() > 0);
    vault.delete_conversation(id).await.unwrap();
    assert_eq!(length(), 0);
    vault.set_setting("a", "1").await.unwrap();
    assert!(length() > 0);
    vault.close().await.unwrap();
    assert_eq!(length(), 0);
}
