//! Delete everything: keys first, completed after a kill wherever it came.

use std::fs;

use tandem_vault::{KeyringError, Protection, Status, Unlock, Vault, VaultError};
use zeroize::Zeroizing;

use crate::support::{Home, conversation, one_conversation};

const AT: i64 = 1_764_277_381_042;

/// A closed vault with a backup, a file kept aside, attachments and states.
async fn full() -> Home {
    let (home, vault, _) = one_conversation().await;
    let backup = vault.back_up(AT).await.unwrap();
    vault.close().await.unwrap();
    Vault::restore_with(
        &home.dir,
        &backup.path,
        Unlock::Keyring,
        home.keys.clone(),
        AT,
    )
    .await
    .unwrap();
    for name in ["attachments", "states"] {
        fs::create_dir_all(home.file(name)).unwrap();
        fs::write(home.file(name).join("one"), "sealed").unwrap();
    }
    home
}

async fn erase(home: &Home) -> Result<tandem_vault::Erased, VaultError> {
    Vault::erase_with(&home.dir, home.keys.clone()).await
}

fn left(home: &Home) -> Vec<String> {
    fs::read_dir(&home.dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn nothing_is_left_of_a_vault_and_a_new_one_can_be_made() {
    let home = full().await;
    let erased = erase(&home).await.unwrap();
    assert_eq!(erased.keyring, None);
    assert_eq!(left(&home), ["owner.lock"]);
    assert!(home.keys.keys.lock().unwrap().is_empty());
    assert!(matches!(Vault::status(&home.dir), Status::None));
    let vault = home.create().await;
    assert!(vault.conversations().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_open_vault_is_not_erased() {
    let (home, vault, _) = one_conversation().await;
    let error = erase(&home).await.unwrap_err();
    assert!(matches!(error, VaultError::Owned), "{error:?}");
    vault.create_conversation(conversation(2), 1).await.unwrap();
}

#[tokio::test]
async fn a_damaged_vault_is_erased_too() {
    let home = full().await;
    fs::write(home.file("keys.json"), "{").unwrap();
    fs::write(home.file("vault.db"), "noise").unwrap();
    erase(&home).await.unwrap();
    assert_eq!(left(&home), ["owner.lock"]);
}

#[tokio::test]
async fn what_the_keyring_says_is_told_only_where_it_had_a_key() {
    let home = full().await;
    let failed = KeyringError::Other("it is away".to_owned());
    *home.keys.broken.lock().unwrap() = Some(failed);
    let erased = erase(&home).await.unwrap();
    assert!(erased.keyring.unwrap().contains("it is away"));
    assert_eq!(left(&home), ["owner.lock"]);
    let words = Zeroizing::new("right words".to_owned());
    let vault = Vault::create(&home.dir, Protection::Passphrase(words))
        .await
        .unwrap();
    vault.close().await.unwrap();
    assert_eq!(erase(&home).await.unwrap().keyring, None);
}

/// Leaves the folder as a kill after each removal would, in the order of the erasure.
#[tokio::test]
async fn a_kill_at_any_step_is_completed_at_the_next_start() {
    for killed in 0..8 {
        let home = full().await;
        let vault: serde_json::Value =
            serde_json::from_slice(&fs::read(home.file("keys.json")).unwrap()).unwrap();
        let mark = serde_json::json!({ "entries": [vault["wraps"][0]["entry"]] });
        fs::write(home.file("erasing.json"), mark.to_string()).unwrap();
        let parts = [
            "keys.json",
            "vault.db",
            "counter",
            "attachments",
            "states",
            "backups",
        ];
        for name in parts.iter().take(killed) {
            let path = home.file(name);
            if path.is_dir() {
                fs::remove_dir_all(path).unwrap();
            } else {
                fs::remove_file(path).unwrap();
            }
        }
        if killed == 7 {
            // In the midst of overwriting.
            fs::write(home.file("keys.json"), [7; 300]).unwrap();
        }
        let error = home.try_open().await.unwrap_err();
        assert!(
            matches!(error, VaultError::NoVault { .. }),
            "{killed}: {error:?}"
        );
        assert_eq!(left(&home), ["owner.lock"], "{killed}");
        assert!(home.keys.keys.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_interrupted_restoration_leaves_the_old_vault_or_the_new_one() {
    let (home, vault, id) = one_conversation().await;
    let backup = vault.back_up(AT).await.unwrap();
    vault.rename(id, "later").await.unwrap();
    vault.close().await.unwrap();
    // Killed before it was decided.
    fs::create_dir(home.file("staged")).unwrap();
    fs::copy(
        backup.path.join("vault.db"),
        home.file("staged").join("vault.db"),
    )
    .unwrap();
    assert!(matches!(Vault::status(&home.dir), Status::Keyring));
    assert!(!home.file("staged").exists());
    let vault = home.open().await;
    assert_eq!(vault.conversations().await.unwrap()[0].title, "later");
}
