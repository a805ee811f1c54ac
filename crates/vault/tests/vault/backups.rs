//! Backups: made from an open vault, alone enough to restore from, refused when damaged.

use std::{fs, path::Path};

use tandem_vault::{Protection, Unlock, Vault, VaultError};
use zeroize::Zeroizing;

use crate::support::{Home, conversation, holds, one_conversation, question};

const DAY: i64 = 24 * 60 * 60 * 1000;
const AT: i64 = 1_764_277_381_042;
const CANARY: &str = "dimetrodon";

async fn messages(vault: &Vault) -> usize {
    vault.conversation(conversation(1)).await.unwrap().1.len()
}

async fn restore(home: &Home, backup: &Path) -> Result<std::path::PathBuf, VaultError> {
    Vault::restore_with(
        &home.dir,
        backup,
        Unlock::Keyring,
        home.keys.clone(),
        AT + DAY,
    )
    .await
}

/// A folder with all that is in it.
fn all_files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all_files(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_backup_brings_back_what_was_there_and_keeps_what_was_in_its_place() {
    let (home, vault, id) = one_conversation().await;
    vault.append(&question(1, id, CANARY)).await.unwrap();
    let backup = vault.back_up(AT).await.unwrap();
    assert_eq!(backup.made_ms, AT);
    vault.append(&question(2, id, "later")).await.unwrap();
    vault.set_setting("a", "1").await.unwrap();
    vault.close().await.unwrap();
    let aside = restore(&home, &backup.path).await.unwrap();
    let vault = home.open().await;
    assert_eq!(vault.doubt(), None);
    assert_eq!(messages(&vault).await, 1);
    assert_eq!(vault.search(CANARY, 10).await.unwrap().len(), 1);
    vault.append(&question(3, id, "goes on")).await.unwrap();
    vault.verify().await.unwrap();
    vault.close().await.unwrap();
    // The older state is behind the newest counter, so it doesn't come back unseen, and it is whole.
    for name in ["vault.db", "vault.db-wal"] {
        let _ = fs::remove_file(home.file(name));
        if aside.join(name).exists() {
            fs::copy(aside.join(name), home.file(name)).unwrap();
        }
    }
    let error = home.try_open().await.unwrap_err();
    assert!(matches!(error, VaultError::RolledBack { .. }), "{error:?}");
    assert_eq!(messages(&home.go_on().await).await, 2);
}

#[tokio::test]
async fn a_backup_is_sealed_under_another_key_and_holds_nothing_in_the_clear() {
    let (home, vault, id) = one_conversation().await;
    vault.append(&question(1, id, CANARY)).await.unwrap();
    let backup = vault.back_up(AT).await.unwrap();
    vault.close().await.unwrap();
    for (name, bytes) in all_files(&backup.path) {
        assert!(
            !holds(&bytes, CANARY) && !holds(&bytes, "CREATE TABLE"),
            "{name}"
        );
    }
    // As a vault of its own it doesn't open: the key is another one.
    fs::copy(backup.path.join("vault.db"), home.file("vault.db")).unwrap();
    let error = home.try_open().await.unwrap_err();
    assert!(matches!(error, VaultError::Mismatch { .. }), "{error:?}");
}

#[tokio::test]
async fn a_backup_alone_is_enough_with_keyring_or_passphrase() {
    let (home, vault, id) = one_conversation().await;
    vault.append(&question(1, id, CANARY)).await.unwrap();
    let backup = vault.back_up(AT).await.unwrap();
    vault.close().await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let carried = elsewhere.path().join("carried");
    fs::rename(&backup.path, &carried).unwrap();
    fs::remove_dir_all(&home.dir).unwrap();
    restore(&home, &carried).await.unwrap();
    assert_eq!(messages(&home.open().await).await, 1);

    let words = || Unlock::Passphrase(Zeroizing::new("right words".to_owned()));
    let other = Home::new();
    let protection = Protection::Passphrase(Zeroizing::new("right words".to_owned()));
    let vault = Vault::create(&other.dir, protection).await.unwrap();
    let id = conversation(1);
    vault.create_conversation(id, 1).await.unwrap();
    let backup = vault.back_up(AT).await.unwrap();
    vault.close().await.unwrap();
    fs::remove_file(other.file("keys.json")).unwrap();
    let wrong = Unlock::Passphrase(Zeroizing::new("wrong words".to_owned()));
    let error = Vault::restore(&other.dir, &backup.path, wrong, AT)
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::WrongKey), "{error:?}");
    Vault::restore(&other.dir, &backup.path, words(), AT)
        .await
        .unwrap();
    let vault = Vault::open(&other.dir, words()).await.unwrap();
    assert_eq!(vault.conversations().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_damaged_backup_is_refused_and_nothing_changes() {
    let (home, vault, id) = one_conversation().await;
    for number in 1..=40 {
        let text = format!("{CANARY} {}", "words ".repeat(60));
        vault.append(&question(number, id, &text)).await.unwrap();
    }
    let backup = vault.back_up(AT).await.unwrap();
    vault.close().await.unwrap();
    let file = backup.path.join("vault.db");
    let whole = fs::read(&file).unwrap();
    let pages = whole.len() / 4096;
    assert!(pages > 10, "{pages}");
    let present = fs::read(home.file("vault.db")).unwrap();
    for page in (0..pages).step_by(3) {
        let mut changed = whole.clone();
        changed[page * 4096 + (page * 997) % 4096] ^= 0x10;
        fs::write(&file, &changed).unwrap();
        let error = restore(&home, &backup.path).await.unwrap_err();
        assert!(
            matches!(error, VaultError::Backup { .. }),
            "{page}: {error:?}"
        );
        assert_eq!(fs::read(home.file("vault.db")).unwrap(), present);
    }
    for length in [0, 100, 4096, whole.len() / 2, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        let error = restore(&home, &backup.path).await.unwrap_err();
        assert!(
            matches!(
                error,
                VaultError::Backup { .. } | VaultError::NoBackup { .. }
            ),
            "{length}: {error:?}"
        );
    }
    fs::write(&file, &whole).unwrap();
    restore(&home, &backup.path).await.unwrap();
    assert_eq!(messages(&home.open().await).await, 40);
}

#[tokio::test]
async fn attachments_go_along_and_come_back() {
    let (home, vault, _) = one_conversation().await;
    fs::create_dir(home.file("attachments")).unwrap();
    fs::write(home.file("attachments").join("one"), "sealed bytes").unwrap();
    let backup = vault.back_up(AT).await.unwrap();
    fs::remove_file(home.file("attachments").join("one")).unwrap();
    fs::write(home.file("attachments").join("two"), "newer bytes").unwrap();
    vault.close().await.unwrap();
    let aside = restore(&home, &backup.path).await.unwrap();
    let read = |path: std::path::PathBuf| fs::read_to_string(path).unwrap();
    assert_eq!(read(home.file("attachments").join("one")), "sealed bytes");
    assert!(!home.file("attachments").join("two").exists());
    assert_eq!(read(aside.join("attachments").join("two")), "newer bytes");
}

#[tokio::test]
async fn old_backups_go_and_what_was_interrupted_is_no_backup() {
    let (home, vault, _) = one_conversation().await;
    for day in 0..12 {
        vault.back_up(AT + day * DAY).await.unwrap();
    }
    let made: Vec<i64> = Vault::backups(&home.dir)
        .unwrap()
        .iter()
        .map(|backup| (backup.made_ms - AT) / DAY)
        .collect();
    assert_eq!(made[..7], [11, 10, 9, 8, 7, 6, 5]);
    assert!(made.len() <= 11, "{made:?}");
    // A kill leaves a folder without a date, which nobody takes for a backup; the next one begins anew.
    fs::create_dir(home.file("backups").join("making")).unwrap();
    fs::write(home.file("backups").join("making").join("vault.db"), "half").unwrap();
    assert_eq!(Vault::backups(&home.dir).unwrap().len(), made.len());
    let newest = vault.back_up(AT + 12 * DAY).await.unwrap();
    vault.forget_backups(newest.made_ms).await.unwrap();
    assert_eq!(Vault::backups(&home.dir).unwrap(), [newest]);
    assert_eq!(fs::read_dir(home.file("backups")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_backup_of_nothing_and_of_another_vault_is_refused() {
    let (home, vault, _) = one_conversation().await;
    vault.close().await.unwrap();
    let empty = tempfile::tempdir().unwrap();
    let error = restore(&home, empty.path()).await.unwrap_err();
    assert!(matches!(error, VaultError::NoBackup { .. }), "{error:?}");
    // Another person's: their keyring isn't ours.
    let (_other, vault, _) = one_conversation().await;
    let backup = vault.back_up(AT).await.unwrap();
    let error = restore(&home, &backup.path).await.unwrap_err();
    assert!(matches!(error, VaultError::Keyring(_)), "{error:?}");
    home.open().await;
}

#[tokio::test]
async fn a_vault_that_is_open_is_not_replaced() {
    let (home, vault, _) = one_conversation().await;
    let backup = vault.back_up(AT).await.unwrap();
    let error = restore(&home, &backup.path).await.unwrap_err();
    assert!(matches!(error, VaultError::Owned), "{error:?}");
}
