//! Making, opening and refusing a vault.

use std::{fs, sync::Arc};

use rstest::rstest;
use tandem_vault::{KeyringError, Protection, Status, Unlock, Vault, VaultError, versions};
use zeroize::Zeroizing;

use crate::support::{Home, MemoryKeyring, conversation, files, one_conversation};

fn passphrase(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

#[tokio::test]
async fn a_vault_is_made_and_opens_again() {
    let home = Home::new();
    assert!(matches!(Vault::status(&home.dir), Status::None));
    let vault = home.create().await;
    vault.set_setting("theme", "\"dark\"").await.unwrap();
    vault.close().await.unwrap();
    assert!(matches!(Vault::status(&home.dir), Status::Keyring));
    let vault = home.open().await;
    assert_eq!(
        vault.setting("theme").await.unwrap().as_deref(),
        Some("\"dark\"")
    );
}

#[tokio::test]
async fn a_passphrase_opens_what_it_closed_and_no_other_does() {
    let home = Home::new();
    let vault = Vault::create(&home.dir, Protection::Passphrase(passphrase("right")))
        .await
        .unwrap();
    vault.close().await.unwrap();
    assert!(matches!(Vault::status(&home.dir), Status::Passphrase));
    for wrong in ["wrong", "", "Right", "right "] {
        let error = Vault::open(&home.dir, Unlock::Passphrase(passphrase(wrong)))
            .await
            .unwrap_err();
        assert!(matches!(error, VaultError::WrongKey), "{wrong}: {error:?}");
    }
    let error = home.try_open().await.unwrap_err();
    assert!(matches!(error, VaultError::NoSuchWrap), "{error:?}");
    Vault::open(&home.dir, Unlock::Passphrase(passphrase("right")))
        .await
        .unwrap();
}

#[rstest]
#[case(KeyringError::NoKeyring("no bus".to_owned()))]
#[case(KeyringError::Locked("no default collection".to_owned()))]
#[case(KeyringError::Denied("prompt dismissed".to_owned()))]
#[case(KeyringError::Hung(std::time::Duration::from_secs(15)))]
#[case(KeyringError::Missing)]
#[case(KeyringError::Ambiguous)]
#[tokio::test]
async fn what_the_keyring_says_is_told_and_nothing_changes(#[case] trouble: KeyringError) {
    let home = Home::new();
    home.create().await.close().await.unwrap();
    let before = files(&home.dir);
    *home.keys.broken.lock().unwrap() = Some(trouble.clone());
    let error = home.try_open().await.unwrap_err();
    assert!(
        matches!(&error, VaultError::Keyring(told) if *told == trouble),
        "{error:?}"
    );
    assert_eq!(files(&home.dir), before);
    *home.keys.broken.lock().unwrap() = None;
    home.open().await;
}

#[tokio::test]
async fn a_keyring_that_keeps_nothing_is_found_out_before_anything_is_written() {
    let mut home = Home::new();
    home.keys = Arc::new(MemoryKeyring {
        forgetful: true,
        ..MemoryKeyring::default()
    });
    let error = home.try_create().await.unwrap_err();
    assert!(
        matches!(error, VaultError::Keyring(KeyringError::Missing)),
        "{error:?}"
    );
    assert!(matches!(Vault::status(&home.dir), Status::None));
}

#[tokio::test]
async fn a_second_owner_is_refused_until_the_first_is_gone() {
    let home = Home::new();
    let vault = home.create().await;
    let error = home.try_open().await.unwrap_err();
    assert!(matches!(error, VaultError::Owned), "{error:?}");
    let error = home.try_create().await.unwrap_err();
    assert!(matches!(error, VaultError::Owned), "{error:?}");
    drop(vault);
    let vault = home.open().await;
    vault.close().await.unwrap();
    let other = home.open().await;
    let error = vault.conversations().await.unwrap_err();
    assert!(matches!(error, VaultError::Closed), "{error:?}");
    other.conversations().await.unwrap();
}

#[tokio::test]
async fn no_key_is_made_while_a_database_exists() {
    for left in ["vault.db", "vault.db-wal"] {
        let home = Home::new();
        home.create().await.close().await.unwrap();
        if left == "vault.db-wal" {
            fs::rename(home.file("vault.db"), home.file(left)).unwrap();
        }
        fs::remove_file(home.file("keys.json")).unwrap();
        let before = files(&home.dir);
        assert!(matches!(
            Vault::status(&home.dir),
            Status::Trouble(VaultError::KeyLost { .. })
        ));
        for error in [
            home.try_create().await.unwrap_err(),
            home.try_open().await.unwrap_err(),
        ] {
            assert!(
                matches!(error, VaultError::KeyLost { .. }),
                "{left}: {error:?}"
            );
        }
        assert_eq!(files(&home.dir), before);
        assert_eq!(home.keys.keys.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_vault_is_not_made_over_another() {
    let home = Home::new();
    home.create().await.close().await.unwrap();
    let before = files(&home.dir);
    let error = home.try_create().await.unwrap_err();
    assert!(matches!(error, VaultError::Exists { .. }), "{error:?}");
    assert_eq!(files(&home.dir), before);
}

#[tokio::test]
async fn nothing_is_made_where_nothing_is_opened() {
    let home = Home::new();
    let error = home.try_open().await.unwrap_err();
    assert!(matches!(error, VaultError::NoVault { .. }), "{error:?}");
    assert!(!home.dir.exists());
}

#[tokio::test]
async fn a_start_interrupted_after_the_keyring_begins_anew() {
    let home = Home::new();
    home.create().await.close().await.unwrap();
    fs::remove_file(home.file("vault.db")).unwrap();
    fs::rename(home.file("keys.json"), home.file("keys.new")).unwrap();
    assert!(matches!(Vault::status(&home.dir), Status::None));
    home.create().await.close().await.unwrap();
    home.open().await;
    assert!(!home.file("keys.new").exists());
}

#[rstest]
#[case::without_a_database(None)]
#[case::with_an_empty_database(Some(0))]
#[tokio::test]
async fn a_start_interrupted_after_the_key_file_goes_on(#[case] database: Option<u64>) {
    let home = Home::new();
    home.create().await.close().await.unwrap();
    // Nothing was counted yet.
    fs::remove_file(home.file("counter")).unwrap();
    match database {
        None => fs::remove_file(home.file("vault.db")).unwrap(),
        Some(length) => fs::File::create(home.file("vault.db"))
            .unwrap()
            .set_len(length)
            .unwrap(),
    }
    assert!(matches!(Vault::status(&home.dir), Status::Keyring));
    let vault = home.open().await;
    vault.create_conversation(conversation(1), 1).await.unwrap();
    vault.close().await.unwrap();
    assert_eq!(home.open().await.conversations().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_log_whose_database_is_gone_is_kept() {
    let (home, vault, _) = one_conversation().await;
    let log = fs::read(home.file("vault.db-wal")).unwrap();
    assert!(!log.is_empty());
    vault.close().await.unwrap();
    fs::remove_file(home.file("vault.db")).unwrap();
    fs::write(home.file("vault.db-wal"), &log).unwrap();
    let error = home.try_open().await.unwrap_err();
    assert!(
        matches!(error, VaultError::LogWithoutDatabase { .. }),
        "{error:?}"
    );
    assert_eq!(fs::read(home.file("vault.db-wal")).unwrap(), log);
}

#[tokio::test]
async fn an_unencrypted_file_is_refused_and_kept() {
    let home = Home::new();
    home.create().await.close().await.unwrap();
    let plain = [b"SQLite format 3\0".as_slice(), &[0; 4080]].concat();
    fs::write(home.file("vault.db"), &plain).unwrap();
    let error = home.try_open().await.unwrap_err();
    assert!(
        matches!(error, VaultError::NotEncrypted { .. }),
        "{error:?}"
    );
    assert_eq!(fs::read(home.file("vault.db")).unwrap(), plain);
}

#[tokio::test]
async fn a_database_of_another_vault_is_refused_and_kept() {
    let (home, other) = (Home::new(), Home::new());
    home.create().await.close().await.unwrap();
    other.create().await.close().await.unwrap();
    fs::copy(other.file("vault.db"), home.file("vault.db")).unwrap();
    let before = files(&home.dir);
    let error = home.try_open().await.unwrap_err();
    assert!(matches!(error, VaultError::Mismatch { .. }), "{error:?}");
    assert_eq!(files(&home.dir), before);
}

#[tokio::test]
async fn a_key_file_cut_anywhere_is_an_error_and_never_a_new_key() {
    let home = Home::new();
    home.create().await.close().await.unwrap();
    let whole = fs::read(home.file("keys.json")).unwrap();
    for length in 0..whole.len() {
        fs::write(home.file("keys.json"), &whole[..length]).unwrap();
        assert!(
            matches!(
                Vault::status(&home.dir),
                Status::Trouble(VaultError::KeyFile { .. })
            ),
            "{length}"
        );
        let error = home.try_open().await.unwrap_err();
        assert!(
            matches!(error, VaultError::KeyFile { .. }),
            "{length}: {error:?}"
        );
        let error = home.try_create().await.unwrap_err();
        assert!(
            matches!(error, VaultError::Exists { .. }),
            "{length}: {error:?}"
        );
    }
    fs::write(home.file("keys.json"), whole).unwrap();
    home.open().await;
}

#[rstest]
#[case(r#"{"version":2,"a":[]}"#, "key-file-newer")]
#[case(r#"{"version":0}"#, "key-file")]
#[case(
    r#"{"version":1,"vault":"6d0f38b0-0000-4000-8000-000000000000","created_ms":0,"wraps":[]}"#,
    "key-file"
)]
#[case(
    r#"{"version":1,"vault":"6d0f38b0-0000-4000-8000-000000000000","created_ms":0,"wraps":[{"kind":"moon","nonce":"","sealed":""}]}"#,
    "key-file"
)]
fn a_key_file_that_this_program_cannot_use_is_trouble(#[case] text: &str, #[case] code: &str) {
    let home = Home::new();
    fs::create_dir(&home.dir).unwrap();
    fs::write(home.file("keys.json"), text).unwrap();
    let Status::Trouble(error) = Vault::status(&home.dir) else {
        panic!("no trouble")
    };
    assert_eq!(error.code(), code);
}

#[tokio::test]
async fn a_hostile_key_file_cannot_ask_for_all_memory() {
    let home = Home::new();
    let vault = Vault::create(&home.dir, Protection::Passphrase(passphrase("right")))
        .await
        .unwrap();
    vault.close().await.unwrap();
    let text = fs::read_to_string(home.file("keys.json")).unwrap();
    let mut hostile: serde_json::Value = serde_json::from_str(&text).unwrap();
    let wrap = &mut hostile["wraps"][0];
    assert_eq!(wrap["kind"], "passphrase");
    // 100 GiB.
    wrap["kdf"]["m_kib"] = (100 << 20).into();
    fs::write(home.file("keys.json"), hostile.to_string()).unwrap();
    let error = Vault::open(&home.dir, Unlock::Passphrase(passphrase("right")))
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::KeyFile { .. }), "{error:?}");
}

#[tokio::test]
async fn the_linked_versions_are_named() {
    let versions = versions().await.unwrap();
    assert!(versions.sqlite.starts_with("3."), "{versions:?}");
    assert!(versions.sqlcipher.starts_with("4."), "{versions:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let (home, _vault, _) = one_conversation().await;
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(home.dir.clone()), 0o700);
    for (path, _) in files(&home.dir) {
        assert_eq!(mode(path.clone()), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_file_in_place_of_the_folder_is_an_error() {
    let home = Home::new();
    fs::write(&home.dir, "not a folder").unwrap();
    let error = home.try_create().await.unwrap_err();
    assert!(matches!(error, VaultError::Io { .. }), "{error:?}");
}
