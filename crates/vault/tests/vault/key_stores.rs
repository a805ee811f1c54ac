//! Every state of a key store by its own name, and none of them writes over a key or makes a second vault.

use std::{collections::HashMap, fs, path::Path};

use serde_json::{Value, json};
use tandem_vault::{KeyringError, Phrase, Unlock, Vault, VaultError};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::support::{Home, files};

/// A closed vault with a mark in it, its phrase, and all that must stay.
struct Closed {
    home: Home,
    phrase: Phrase,
    files: Vec<(std::path::PathBuf, Vec<u8>)>,
    entries: HashMap<Uuid, Vec<u8>>,
}

impl Closed {
    async fn new() -> Self {
        let home = Home::new();
        *home.keys.name.lock().unwrap() = Some("GNOME Keyring".to_owned());
        let vault = home.create().await;
        vault.set_setting("mark", "1").await.unwrap();
        let phrase = vault.first_phrase().unwrap();
        vault.close().await.unwrap();
        Self {
            phrase,
            files: vec![],
            entries: HashMap::new(),
            home,
        }
    }

    /// From here on nothing may change.
    fn settled(mut self) -> Self {
        self.files = files(&self.home.dir);
        self.entries = self.home.keys.entries();
        self
    }

    /// The keyring's way fails so, no vault can be made, nothing changes, and the phrase is the way out.
    async fn refuses_as(self, code: &str) {
        let error = self.home.try_open().await.unwrap_err();
        assert_eq!(error.code(), code, "{error:?}");
        assert!(error.to_string().ends_with('.'), "{error}");
        let error = self.home.try_create().await.unwrap_err();
        assert!(matches!(error, VaultError::Exists { .. }), "{error:?}");
        assert_eq!(files(&self.home.dir), self.files);
        assert_eq!(self.home.keys.entries(), self.entries);
        let vault = self
            .home
            .open_by(Unlock::Phrase(self.phrase))
            .await
            .unwrap();
        assert_eq!(vault.setting("mark").await.unwrap().as_deref(), Some("1"));
        // The keyring gets a key of this vault's own; what it held otherwise stays.
        assert_eq!(vault.rewrap_keyring().await.unwrap(), None);
        vault.close().await.unwrap();
        for (entry, held) in &self.entries {
            assert_eq!(self.home.keys.entries().get(entry), Some(held));
        }
        let vault = self.home.open().await;
        assert_eq!(vault.setting("mark").await.unwrap().as_deref(), Some("1"));
    }
}

fn change_keys(dir: &Path, change: impl FnOnce(&mut Value)) {
    let path = dir.join("keys.json");
    let mut file: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut file);
    fs::write(path, file.to_string()).unwrap();
}

#[tokio::test]
async fn a_lost_key_is_told() {
    let closed = Closed::new().await;
    closed.home.keys.keys.lock().unwrap().clear();
    closed.settled().refuses_as("keyring-missing").await;
}

#[tokio::test]
async fn a_changed_key_is_told_and_kept() {
    let closed = Closed::new().await;
    for held in closed.home.keys.keys.lock().unwrap().values_mut() {
        held[20] ^= 1;
    }
    closed.settled().refuses_as("keyring-changed").await;
}

#[tokio::test]
async fn a_key_of_another_vault_is_told_and_kept() {
    let (closed, other) = (Closed::new().await, Closed::new().await);
    let strange = other.home.keys.entries().into_values().next().unwrap();
    for held in closed.home.keys.keys.lock().unwrap().values_mut() {
        held.clone_from(&strange);
    }
    closed.settled().refuses_as("keyring-wrong-vault").await;
}

#[tokio::test]
async fn what_is_no_key_is_told_and_kept() {
    let closed = Closed::new().await;
    for held in closed.home.keys.keys.lock().unwrap().values_mut() {
        *held = b"the password of something else".to_vec();
    }
    closed.settled().refuses_as("keyring-ambiguous").await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn data_of_another_machine_is_told() {
    let closed = Closed::new().await;
    closed.home.keys.keys.lock().unwrap().clear();
    let mut known = true;
    change_keys(&closed.home.dir, |file| {
        let machine = &mut file["wraps"][0]["machine"];
        known = machine.is_string();
        *machine = json!("0123456789abcdef0123456789abcdef");
    });
    if known {
        closed.settled().refuses_as("keyring-other-machine").await;
    } else {
        assert!(fs::read_to_string("/etc/machine-id").is_err());
    }
}

#[tokio::test]
async fn another_keyring_program_is_told() {
    let closed = Closed::new().await;
    closed.home.keys.keys.lock().unwrap().clear();
    *closed.home.keys.name.lock().unwrap() = Some("KWallet".to_owned());
    let error = closed.home.try_open().await.unwrap_err().to_string();
    assert!(
        error.contains("GNOME Keyring") && error.contains("KWallet"),
        "{error}"
    );
    closed.settled().refuses_as("keyring-switched").await;
}

#[tokio::test]
async fn a_restored_home_folder_is_told_from_a_lost_key() {
    let closed = Closed::new().await;
    let backup = fs::read(closed.home.file("keys.json")).unwrap();
    let vault = closed.home.open().await;
    let passphrase = Zeroizing::new("correct horse".to_owned());
    vault.set_passphrase(passphrase).await.unwrap();
    vault.close().await.unwrap();
    fs::write(closed.home.file("keys.json"), &backup).unwrap();
    closed.settled().refuses_as("keyring-restored").await;
}

#[tokio::test]
async fn a_restored_home_folder_whose_key_was_replaced_is_told() {
    let closed = Closed::new().await;
    let backup = fs::read(closed.home.file("keys.json")).unwrap();
    let vault = closed.home.open().await;
    vault.rewrap_keyring().await.unwrap();
    vault.close().await.unwrap();
    fs::write(closed.home.file("keys.json"), &backup).unwrap();
    closed.settled().refuses_as("keyring-restored").await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for (path, bytes) in files(from) {
        fs::write(to.join(path.file_name().unwrap()), bytes).unwrap();
    }
}

#[tokio::test]
async fn of_two_copies_neither_takes_the_key_from_the_other() {
    let closed = Closed::new().await;
    let home = &closed.home;
    let copied = home.dir.with_file_name("copy");
    copy(&home.dir, &copied);
    // The first goes on as ever.
    let vault = home.open().await;
    assert_eq!(vault.twin(), None);
    vault.close().await.unwrap();
    // The copy opens and knows.
    let open = || Vault::open_with(&copied, Unlock::Keyring, home.keys.clone());
    let vault = open().await.unwrap();
    let other = fs::canonicalize(&home.dir).unwrap();
    assert_eq!(vault.twin(), Some(other));
    let keys = home.keys.entries();
    let passphrase = Zeroizing::new("correct horse".to_owned());
    let error = vault.set_passphrase(passphrase.clone()).await.unwrap_err();
    assert_eq!(error.code(), "twin", "{error:?}");
    assert_eq!(home.keys.entries(), keys);
    vault.close().await.unwrap();
    // On its own it may do what it likes, and the first still opens.
    let vault = open().await.unwrap();
    vault.separate().await.unwrap();
    assert_eq!(vault.twin(), None);
    vault.set_passphrase(passphrase).await.unwrap();
    vault.close().await.unwrap();
    let vault = home.open().await;
    assert_eq!(vault.setting("mark").await.unwrap().as_deref(), Some("1"));
    assert_eq!(vault.twin(), None);
}

#[tokio::test]
async fn a_folder_that_was_moved_is_no_twin() {
    let closed = Closed::new().await;
    let moved = closed.home.dir.with_file_name("moved");
    fs::rename(&closed.home.dir, &moved).unwrap();
    for _ in 0..2 {
        let vault = Vault::open_with(&moved, Unlock::Keyring, closed.home.keys.clone())
            .await
            .unwrap();
        assert_eq!(vault.twin(), None);
        vault.close().await.unwrap();
    }
}

#[tokio::test]
async fn without_a_phrase_the_way_out_is_said_to_be_missing() {
    let closed = Closed::new().await;
    change_keys(&closed.home.dir, |file| {
        let wraps = file["wraps"].as_array_mut().unwrap();
        wraps.retain(|wrap| wrap["kind"] != "phrase");
    });
    let error = closed
        .home
        .open_by(Unlock::Phrase(closed.phrase))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "no-phrase");
    assert!(matches!(
        closed.home.try_open().await,
        Ok(vault) if !vault.ways().unwrap().phrase
    ));
    let denied = KeyringError::Denied("no".to_owned());
    *closed.home.keys.broken.lock().unwrap() = Some(denied);
    assert_eq!(
        closed.home.try_open().await.unwrap_err().code(),
        "keyring-denied"
    );
}
