//! The ways into a vault: keyring, passphrase, recovery phrase; changing them, and what an interruption leaves.

use std::fs;

use serde_json::{Value, json};
use tandem_vault::{KeyringError, Phrase, Protection, Status, Unlock, Vault, VaultError, Ways};
use zeroize::Zeroizing;

use crate::support::{Home, files};

const BY_KEYRING: Ways = Ways {
    keyring: true,
    passphrase: false,
    phrase: true,
};
const BY_PASSPHRASE: Ways = Ways {
    keyring: false,
    passphrase: true,
    phrase: true,
};

fn passphrase(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn by_passphrase(text: &str) -> Unlock {
    Unlock::Passphrase(passphrase(text))
}

/// A vault that the keyring opens, with something in it, and its phrase.
async fn marked() -> (Home, Vault, Phrase) {
    let home = Home::new();
    let vault = home.create().await;
    vault.set_setting("mark", "1").await.unwrap();
    let phrase = vault.first_phrase().unwrap();
    (home, vault, phrase)
}

async fn opens(home: &Home, unlock: Unlock) {
    let vault = home.open_by(unlock).await.unwrap();
    assert_eq!(vault.setting("mark").await.unwrap().as_deref(), Some("1"));
    vault.close().await.unwrap();
}

async fn refusal(home: &Home, unlock: Unlock) -> VaultError {
    home.open_by(unlock).await.unwrap_err()
}

#[tokio::test]
async fn a_new_vault_gives_its_phrase_once_and_the_phrase_opens_it() {
    let (home, vault, phrase) = marked().await;
    assert!(vault.first_phrase().is_none());
    assert_eq!(vault.ways().unwrap(), BY_KEYRING);
    vault.close().await.unwrap();
    assert_eq!(Vault::ways_of(&home.dir).unwrap(), Some(BY_KEYRING));
    let typed = phrase.words().join("  ").to_uppercase();
    opens(&home, Unlock::Phrase(Phrase::parse(&typed).unwrap())).await;
    let error = refusal(&home, Unlock::Phrase(Phrase::random().unwrap())).await;
    assert!(matches!(error, VaultError::WrongPhrase), "{error:?}");
    // Opened later, it has none to give.
    assert!(home.open().await.first_phrase().is_none());
}

#[tokio::test]
async fn a_vault_with_a_passphrase_has_a_phrase_as_well() {
    let home = Home::new();
    let protection = Protection::Passphrase(passphrase("correct horse"));
    let vault = Vault::create_with(&home.dir, protection, home.keys.clone())
        .await
        .unwrap();
    vault.set_setting("mark", "1").await.unwrap();
    let phrase = vault.first_phrase().unwrap();
    assert_eq!(vault.ways().unwrap(), BY_PASSPHRASE);
    vault.close().await.unwrap();
    opens(&home, Unlock::Phrase(phrase)).await;
    opens(&home, by_passphrase("correct horse")).await;
    assert!(home.keys.keys.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_passphrase_leaves_nothing_usable_in_the_keyring() {
    let (home, vault, phrase) = marked().await;
    assert_eq!(home.keys.entries().len(), 1);
    assert_eq!(
        vault
            .set_passphrase(passphrase("correct horse"))
            .await
            .unwrap(),
        None
    );
    assert!(home.keys.entries().is_empty());
    assert_eq!(vault.ways().unwrap(), BY_PASSPHRASE);
    vault.close().await.unwrap();
    assert!(matches!(Vault::status(&home.dir), Status::Passphrase));
    let error = refusal(&home, Unlock::Keyring).await;
    assert!(matches!(error, VaultError::NoSuchWrap), "{error:?}");
    let error = refusal(&home, by_passphrase("wrong horse")).await;
    assert!(matches!(error, VaultError::WrongKey), "{error:?}");
    opens(&home, by_passphrase("correct horse")).await;
    opens(&home, Unlock::Phrase(phrase)).await;
}

#[tokio::test]
async fn a_passphrase_is_changed_and_removed() {
    let (home, vault, phrase) = marked().await;
    vault.set_passphrase(passphrase("first")).await.unwrap();
    vault.set_passphrase(passphrase("second")).await.unwrap();
    for (text, fits) in [("first", false), ("second", true)] {
        let told = vault.is_opened_by(by_passphrase(text)).await.unwrap();
        assert_eq!(told, fits, "{text}");
    }
    vault.close().await.unwrap();
    let error = refusal(&home, by_passphrase("first")).await;
    assert!(matches!(error, VaultError::WrongKey), "{error:?}");
    let vault = home.open_by(by_passphrase("second")).await.unwrap();
    assert_eq!(vault.remove_passphrase().await.unwrap(), None);
    assert_eq!(vault.ways().unwrap(), BY_KEYRING);
    vault.close().await.unwrap();
    opens(&home, Unlock::Keyring).await;
    opens(&home, Unlock::Phrase(phrase)).await;
    let error = refusal(&home, by_passphrase("second")).await;
    assert!(matches!(error, VaultError::NoSuchWrap), "{error:?}");
}

#[tokio::test]
async fn a_new_phrase_takes_the_place_of_the_old_one() {
    let (home, vault, old) = marked().await;
    let new = Phrase::random().unwrap();
    vault.set_phrase(&new).await.unwrap();
    vault.close().await.unwrap();
    opens(&home, Unlock::Phrase(new)).await;
    opens(&home, Unlock::Keyring).await;
    let error = refusal(&home, Unlock::Phrase(old)).await;
    assert!(matches!(error, VaultError::WrongPhrase), "{error:?}");
}

#[tokio::test]
async fn a_keyring_that_keeps_an_old_key_is_told_and_asked_again() {
    let (home, vault, _) = marked().await;
    let unwilling = KeyringError::Locked("just now".to_owned());
    *home.keys.unwilling.lock().unwrap() = Some(unwilling.clone());
    let left = vault.set_passphrase(passphrase("correct horse")).await;
    assert_eq!(left.unwrap(), Some(unwilling));
    assert_eq!(home.keys.entries().len(), 1);
    vault.close().await.unwrap();
    // It opens nothing any more.
    let error = refusal(&home, Unlock::Keyring).await;
    assert!(matches!(error, VaultError::NoSuchWrap), "{error:?}");
    *home.keys.unwilling.lock().unwrap() = None;
    let vault = home.open_by(by_passphrase("correct horse")).await.unwrap();
    assert_eq!(vault.tidy_keyring().await.unwrap(), None);
    assert!(home.keys.entries().is_empty());
    let text = fs::read_to_string(home.file("keys.json")).unwrap();
    assert!(!text.contains("stale"), "{text}");
}

#[tokio::test]
async fn the_keyring_gets_a_new_key_after_the_phrase_was_needed() {
    let (home, vault, phrase) = marked().await;
    vault.close().await.unwrap();
    home.keys.keys.lock().unwrap().clear();
    let error = refusal(&home, Unlock::Keyring).await;
    assert!(
        matches!(error, VaultError::Keyring(KeyringError::Missing)),
        "{error:?}"
    );
    let vault = home.open_by(Unlock::Phrase(phrase.clone())).await.unwrap();
    assert_eq!(vault.rewrap_keyring().await.unwrap(), None);
    vault.close().await.unwrap();
    opens(&home, Unlock::Keyring).await;
    opens(&home, Unlock::Phrase(phrase)).await;
    assert_eq!(home.keys.entries().len(), 1);
}

#[tokio::test]
async fn a_key_file_that_someone_else_changed_is_not_written_over() {
    let (home, vault, phrase) = marked().await;
    let own = fs::read_to_string(home.file("keys.json")).unwrap();
    let mut other: Value = serde_json::from_str(&own).unwrap();
    other["created_ms"] = json!(1);
    fs::write(home.file("keys.json"), other.to_string()).unwrap();
    let before = files(&home.dir);
    let error = vault.set_passphrase(passphrase("correct horse")).await;
    let error = error.unwrap_err();
    assert!(matches!(error, VaultError::KeysChanged { .. }), "{error:?}");
    assert_eq!(files(&home.dir), before);
    assert_eq!(home.keys.entries().len(), 1);
    // One that was deleted meanwhile is made again: the open vault is all that still knows the key.
    fs::remove_file(home.file("keys.json")).unwrap();
    vault.set_phrase(&phrase).await.unwrap();
    vault.close().await.unwrap();
    opens(&home, Unlock::Keyring).await;
    opens(&home, Unlock::Phrase(phrase)).await;
}

#[tokio::test]
async fn a_change_that_can_not_be_written_leaves_everything_as_it_was() {
    let (home, vault, phrase) = marked().await;
    let before = fs::read(home.file("keys.json")).unwrap();
    // In the way of the new file, and not empty, so that it stays.
    fs::create_dir_all(home.file("keys.new").join("x")).unwrap();
    let error = vault.set_passphrase(passphrase("correct horse")).await;
    assert!(matches!(error, Err(VaultError::Io { .. })), "{error:?}");
    let error = vault.rewrap_keyring().await;
    assert!(matches!(error, Err(VaultError::Io { .. })), "{error:?}");
    assert_eq!(fs::read(home.file("keys.json")).unwrap(), before);
    assert_eq!(home.keys.entries().len(), 1);
    vault.close().await.unwrap();
    opens(&home, Unlock::Keyring).await;
    opens(&home, Unlock::Phrase(phrase)).await;
}

#[tokio::test]
async fn a_closed_vault_changes_no_keys() {
    let (_home, vault, _) = marked().await;
    vault.close().await.unwrap();
    assert!(matches!(vault.ways(), Err(VaultError::Closed)));
    let error = vault.set_passphrase(passphrase("correct horse")).await;
    assert!(matches!(error, Err(VaultError::Closed)), "{error:?}");
}

/// Sealed by other programs (libsodium's XChaCha20-Poly1305, the reference Argon2) as the first Tandem did: a key of 32
/// ones in the entry that the vault's id names, and a passphrase. The phrase is of 128 bits of 0x7f.
const ELSEWHERE: &str = r#"{
  "version": 1,
  "vault": "6d0f38b0-1111-4000-8000-000000000001",
  "created_ms": 1764270000000,
  "wraps": [WRAPS]
}"#;
const KEYRING_WRAP: &str = r#"{
  "kind": "keyring",
  "nonce": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
  "sealed": "etLZh5+T1YrhRGhKFjB0sve0nsz6SYLQIg75s+1+EWG/pLiiKEk9b2KR0hjQJ67R"
}"#;
const PASSPHRASE_WRAP: &str = r#"{
  "kind": "passphrase",
  "kdf": {"algorithm": "argon2id", "m_kib": 65536, "t": 3, "p": 1, "salt": "AAECAwQFBgcICQoLDA0ODw=="},
  "nonce": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
  "sealed": "tBujQeRPcDjAEr1gMkuQYinObMnq4Jl1urFuv1fawqb0xvM7dnFysEwlHarod3dV"
}"#;
const PHRASE_WRAP: &str = r#"{
  "kind": "phrase",
  "kdf": {"algorithm": "argon2id", "m_kib": 65536, "t": 1, "p": 1, "salt": "AAECAwQFBgcICQoLDA0ODw=="},
  "nonce": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
  "sealed": "Mfvjlw0irwZEx6r+KoVcgrMNdhyIg8PTxqi/WrdgNjnJv4Xdyf+CLYwoPccsBSRf"
}"#;

fn made_elsewhere(wraps: &[&str]) -> Home {
    let home = Home::new();
    fs::create_dir(&home.dir).unwrap();
    let text = ELSEWHERE.replace("WRAPS", &wraps.join(","));
    fs::write(home.file("keys.json"), text).unwrap();
    let entry = "6d0f38b0-1111-4000-8000-000000000001".parse().unwrap();
    home.keys.keys.lock().unwrap().insert(entry, vec![1; 32]);
    home
}

#[tokio::test]
async fn the_first_tandems_vault_opens_and_gets_a_phrase_and_a_passphrase() {
    let home = made_elsewhere(&[KEYRING_WRAP]);
    let vault = home.open().await;
    vault.set_setting("mark", "1").await.unwrap();
    assert!(!vault.ways().unwrap().phrase);
    vault.close().await.unwrap();
    let phrase = Phrase::random().unwrap();
    let error = refusal(&home, Unlock::Phrase(phrase.clone())).await;
    assert!(matches!(error, VaultError::NoPhrase), "{error:?}");
    let vault = home.open().await;
    vault.set_phrase(&phrase).await.unwrap();
    assert!(vault.ways().unwrap().phrase);
    vault
        .set_passphrase(passphrase("correct horse"))
        .await
        .unwrap();
    assert!(home.keys.entries().is_empty());
    vault.close().await.unwrap();
    opens(&home, Unlock::Phrase(phrase)).await;
    opens(&home, by_passphrase("correct horse")).await;
}

#[tokio::test]
async fn what_other_programs_sealed_to_the_letter_opens() {
    let home = made_elsewhere(&[PASSPHRASE_WRAP, PHRASE_WRAP]);
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let vault = home
        .open_by(Unlock::Phrase(Phrase::parse(words).unwrap()))
        .await
        .unwrap();
    vault.set_setting("mark", "1").await.unwrap();
    vault.close().await.unwrap();
    // The same data key, or the database wouldn't open.
    opens(&home, by_passphrase("correct horse battery")).await;
    fs::write(
        home.file("keys.json"),
        ELSEWHERE.replace("WRAPS", KEYRING_WRAP),
    )
    .unwrap();
    opens(&home, Unlock::Keyring).await;
}
