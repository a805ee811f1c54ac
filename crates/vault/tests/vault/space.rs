//! A full and a read-only disk, on a small one of our own in a namespace of our own.

use std::{path::PathBuf, process::Command, sync::Arc};

use tandem_vault::{KeyStore, Unlock, Vault, VaultError};

use crate::support::{MemoryKeyring, can_run, conversation, inside, message_id, question};

const DISK: &str = "TANDEM_TEST_DISK";

/// Runs the ignored test `test` with a file system of 512 KiB at `$TANDEM_TEST_DISK`, or says why it can't.
fn on_a_small_disk(test: &str) {
    let probe = "mount -t tmpfs -o size=1m none /mnt";
    if !can_run(
        "unshare",
        &["--user", "--map-root-user", "--mount", "sh", "-c", probe],
    ) {
        eprintln!("skipped: no file system can be mounted here");
        return;
    }
    let disk = tempfile::tempdir().unwrap();
    let script = inside(
        test,
        &format!("mount -t tmpfs -o size=1m none '{}'", disk.path().display()),
    );
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .env(DISK, disk.path())
        .status()
        .unwrap();
    assert!(status.success());
}

fn disk() -> PathBuf {
    std::env::var_os(DISK)
        .expect("started by another test")
        .into()
}

fn remount(options: &str) {
    assert!(
        Command::new("mount")
            .args(["-o", options])
            .arg(disk())
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    on_a_small_disk("space::on_a_full_disk");
}

#[test]
fn a_read_only_disk_is_told() {
    on_a_small_disk("space::on_a_read_only_disk");
}

#[test]
fn a_backup_that_finds_no_room_leaves_nothing() {
    on_a_small_disk("space::backing_up_on_a_full_disk");
}

#[tokio::test]
#[ignore = "needs the small disk that another test mounts"]
async fn backing_up_on_a_full_disk() {
    let keys: Arc<dyn KeyStore> = Arc::new(MemoryKeyring::default());
    let dir = disk().join("data");
    let vault = Vault::create_with(&dir, tandem_vault::Protection::Keyring, keys)
        .await
        .unwrap();
    vault.create_conversation(conversation(1), 1).await.unwrap();
    vault.verify().await.unwrap();
    let filler = disk().join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while std::io::Write::write_all(&mut file, &[7; 4096]).is_ok() {}
    // Some room, but not for all of it.
    file.set_len(file.metadata().unwrap().len() - 32 * 1024)
        .unwrap();
    let error = vault.back_up(1).await.unwrap_err();
    assert!(matches!(error, VaultError::Full { .. }), "{error:?}");
    assert!(Vault::backups(&dir).unwrap().is_empty());
    assert_eq!(std::fs::read_dir(dir.join("backups")).unwrap().count(), 0);
    std::fs::remove_file(filler).unwrap();
    drop(file);
    remount("remount,size=8m");
    vault.rename(conversation(1), "goes on").await.unwrap();
    vault.back_up(2).await.unwrap();
}

#[tokio::test]
#[ignore = "needs the small disk that another test mounts"]
async fn on_a_full_disk() {
    let keys: Arc<dyn KeyStore> = Arc::new(MemoryKeyring::default());
    let dir = disk().join("data");
    let vault = Vault::create_with(&dir, tandem_vault::Protection::Keyring, keys.clone())
        .await
        .unwrap();
    let id = conversation(1);
    vault.create_conversation(id, 1).await.unwrap();
    let mut kept = Vec::new();
    let error = loop {
        let message = question(kept.len() as u128, id, &"x".repeat(10_000));
        match vault.append(&message).await {
            Ok(()) => kept.push(message),
            Err(error) => break error,
        }
        assert!(kept.len() < 100, "the disk never fills");
    };
    assert!(matches!(error, VaultError::Full { .. }), "{error:?}");
    assert!(kept.len() > 3, "{}", kept.len());
    assert_eq!(vault.conversation(id).await.unwrap().1, kept);
    drop(vault);
    // Room is made, and everything that was confirmed is there.
    remount("remount,size=8m");
    let vault = Vault::open_with(&dir, Unlock::Keyring, keys).await.unwrap();
    vault.verify().await.unwrap();
    assert_eq!(vault.conversation(id).await.unwrap().1, kept);
    vault.append(&question(1000, id, "goes on")).await.unwrap();
}

#[tokio::test]
#[ignore = "needs the small disk that another test mounts"]
async fn on_a_read_only_disk() {
    let keys: Arc<dyn KeyStore> = Arc::new(MemoryKeyring::default());
    let dir = disk().join("data");
    let vault = Vault::create_with(&dir, tandem_vault::Protection::Keyring, keys.clone())
        .await
        .unwrap();
    vault.create_conversation(conversation(1), 1).await.unwrap();
    vault.close().await.unwrap();
    remount("remount,ro");
    let error = Vault::open_with(&dir, Unlock::Keyring, keys.clone())
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::ReadOnly { .. }), "{error:?}");
    let other = disk().join("other");
    let error = Vault::create_with(&other, tandem_vault::Protection::Keyring, keys.clone())
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::ReadOnly { .. }), "{error:?}");
    remount("remount,rw");
    let vault = Vault::open_with(&dir, Unlock::Keyring, keys).await.unwrap();
    vault
        .append(&question(1, conversation(1), "x"))
        .await
        .unwrap();
    vault
        .set_leaf(conversation(1), message_id(1))
        .await
        .unwrap();
}
