//! New keys: everything is there again, and nothing of before opens it.

use std::fs;

use tandem_conversation::MessageState;
use tandem_vault::{KeyringError, Phrase, Protection, Status, Unlock, Vault, VaultError};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::support::{
    Home, answer, conversation, files, message_id, one_conversation, question, receipt,
};

/// A vault with something of each kind in it.
async fn full() -> (Home, Vault, Phrase) {
    let (home, vault, id) = one_conversation().await;
    let asked = question(1, id, "明日の天気は heliotrope");
    vault.append(&asked).await.unwrap();
    vault.append(&answer(2, &asked)).await.unwrap();
    vault
        .finish(
            message_id(2),
            "plain rain",
            MessageState::Complete,
            Some(&receipt()),
        )
        .await
        .unwrap();
    vault.rename(id, "A title of rain").await.unwrap();
    let folder = Uuid::from_u128(5);
    vault.create_folder(folder, "Folder").await.unwrap();
    vault.file(&[id], Some(folder)).await.unwrap();
    vault.tag(&[id], "tag", true).await.unwrap();
    vault.pin(&[id], true).await.unwrap();
    vault.set_draft(None, "half a thought").await.unwrap();
    vault.set_setting("mark", "1").await.unwrap();
    vault.states().put(id, "binding", b"state").unwrap();
    let phrase = vault.first_phrase().unwrap();
    (home, vault, phrase)
}

/// All that [`full`] put there.
async fn holds_all(vault: &Vault) {
    vault.verify().await.unwrap();
    let (row, messages) = vault.conversation(conversation(1)).await.unwrap();
    assert_eq!(row.title, "A title of rain");
    assert_eq!((row.messages, row.pinned), (2, true));
    assert_eq!(row.tags, ["tag"]);
    assert_eq!(messages[1].text, "plain rain");
    assert_eq!(messages[1].receipt, Some(receipt()));
    assert_eq!(vault.folders().await.unwrap()[0].name, "Folder");
    assert_eq!(vault.models().await.unwrap().len(), 1);
    for word in ["heliotrope", "天気", "rain"] {
        assert!(!vault.search(word, 10).await.unwrap().is_empty(), "{word}");
    }
    assert_eq!(vault.drafts().await.unwrap().len(), 1);
    assert_eq!(vault.setting("mark").await.unwrap().as_deref(), Some("1"));
}

#[tokio::test]
async fn everything_is_there_under_new_keys_and_the_old_ones_open_nothing() {
    let (home, vault, old) = full().await;
    let (old_keys, old_entries) = (
        fs::read(home.file("keys.json")).unwrap(),
        home.keys.entries(),
    );
    let new = Phrase::random().unwrap();
    let again = vault.rotate(&new, None).await.unwrap();
    holds_all(&again).await;
    assert!(matches!(vault.drafts().await, Err(VaultError::Closed)));
    // It goes on as any other: what is written from here on is there as well.
    again.set_setting("later", "2").await.unwrap();
    again.close().await.unwrap();
    let vault = home.open().await;
    holds_all(&vault).await;
    assert_eq!(vault.setting("later").await.unwrap().as_deref(), Some("2"));
    assert_eq!(vault.states().get(conversation(1), "binding"), None);
    vault.close().await.unwrap();
    let left: Vec<String> = fs::read_dir(&home.dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!left.iter().any(|name| name.contains("new")), "{left:?}");

    home.open_by(Unlock::Phrase(new)).await.unwrap();
    let error = home.open_by(Unlock::Phrase(old.clone())).await.unwrap_err();
    assert!(matches!(error, VaultError::WrongPhrase), "{error:?}");
    // The keyring holds one key, and it is another.
    let entries = home.keys.entries();
    assert_eq!(entries.len(), 1);
    assert!(old_entries.keys().all(|entry| !entries.contains_key(entry)));
    // Who kept the old key file and the old key gets nowhere with them.
    fs::write(home.file("keys.json"), old_keys).unwrap();
    *home.keys.keys.lock().unwrap() = old_entries;
    for unlock in [Unlock::Keyring, Unlock::Phrase(old)] {
        let error = home.open_by(unlock).await.unwrap_err();
        assert!(matches!(error, VaultError::Mismatch { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_passphrase_is_needed_where_there_is_one_and_kept() {
    let home = Home::new();
    let passphrase = |text: &str| Zeroizing::new(text.to_owned());
    let protection = Protection::Passphrase(passphrase("correct horse"));
    let vault = Vault::create_with(&home.dir, protection, home.keys.clone())
        .await
        .unwrap();
    vault.set_setting("mark", "1").await.unwrap();
    let new = Phrase::random().unwrap();
    let before = fs::read(home.file("keys.json")).unwrap();
    for wrong in [None, Some(passphrase("wrong horse"))] {
        let error = vault.rotate(&new, wrong).await.unwrap_err();
        assert!(matches!(error, VaultError::WrongKey), "{error:?}");
        assert_eq!(fs::read(home.file("keys.json")).unwrap(), before);
        // Still open.
        assert_eq!(vault.setting("mark").await.unwrap().as_deref(), Some("1"));
    }
    let vault = vault
        .rotate(&new, Some(passphrase("correct horse")))
        .await
        .unwrap();
    vault.close().await.unwrap();
    assert!(matches!(Vault::status(&home.dir), Status::Passphrase));
    assert!(home.keys.entries().is_empty());
    let vault = home
        .open_by(Unlock::Passphrase(passphrase("correct horse")))
        .await
        .unwrap();
    assert_eq!(vault.setting("mark").await.unwrap().as_deref(), Some("1"));
}

#[tokio::test]
async fn a_keyring_that_takes_nothing_leaves_the_vault_as_it_was_and_open() {
    let (home, vault, old) = full().await;
    let before = fs::read(home.file("keys.json")).unwrap();
    let locked = KeyringError::Locked("no".to_owned());
    *home.keys.broken.lock().unwrap() = Some(locked);
    let error = vault.rotate(&Phrase::random().unwrap(), None).await;
    assert_eq!(error.unwrap_err().code(), "keyring-locked");
    *home.keys.broken.lock().unwrap() = None;
    holds_all(&vault).await;
    assert_eq!(fs::read(home.file("keys.json")).unwrap(), before);
    // Nor does a copy that can't be written.
    fs::create_dir_all(home.file("vault.db.new").join("x")).unwrap();
    vault
        .rotate(&Phrase::random().unwrap(), None)
        .await
        .unwrap_err();
    fs::remove_dir_all(home.file("vault.db.new")).unwrap();
    holds_all(&vault).await;
    assert_eq!(home.keys.entries().len(), 1);
    vault.close().await.unwrap();
    home.open_by(Unlock::Phrase(old)).await.unwrap();
}

#[tokio::test]
async fn an_interruption_leaves_exactly_the_old_or_the_new() {
    let (home, vault, old) = full().await;
    vault.close().await.unwrap();
    let before = files(&home.dir);
    let vault = home.open().await;
    let new = Phrase::random().unwrap();
    *home.keys.unwilling.lock().unwrap() = Some(KeyringError::Other("on purpose".to_owned()));
    let vault = vault.rotate(&new, None).await.unwrap();
    vault.close().await.unwrap();
    let of = |all: &[(std::path::PathBuf, Vec<u8>)], name: &str| {
        let path = home.file(name);
        all.iter().find(|(at, _)| *at == path).unwrap().1.clone()
    };
    let after = files(&home.dir);
    let (old_db, new_db) = (of(&before, "vault.db"), of(&after, "vault.db"));
    let (old_keys, new_keys) = (of(&before, "keys.json"), of(&after, "keys.json"));
    let mut deciding: serde_json::Value = serde_json::from_slice(&new_keys).unwrap();
    deciding["swap"] = true.into();
    let deciding = deciding.to_string().into_bytes();
    let half = new_db[..new_db.len() / 2].to_vec();
    let (old_counter, new_counter) = (of(&before, "counter"), of(&after, "counter"));
    // In every state that the order of steps allows.
    for step in 0..5 {
        let when = [
            "while copying",
            "after copying",
            "after deciding",
            "after the swap",
            "at the end",
        ][step];
        let is_new = step >= 2;
        let keys = [&old_keys, &old_keys, &deciding, &deciding, &new_keys][step];
        let database = if step < 3 { &old_db } else { &new_db };
        let next = [Some(&half), Some(&new_db), Some(&new_db), None, None][step];
        let counter = if step < 4 { &old_counter } else { &new_counter };
        fs::write(home.file("keys.json"), keys).unwrap();
        fs::write(home.file("vault.db"), database).unwrap();
        fs::write(home.file("counter"), counter).unwrap();
        match next {
            Some(next) => fs::write(home.file("vault.db.new"), next).unwrap(),
            None => drop(fs::remove_file(home.file("vault.db.new"))),
        }
        *home.keys.unwilling.lock().unwrap() = Some(KeyringError::Other("on purpose".to_owned()));
        let vault = home.open().await;
        assert_eq!(vault.doubt(), None, "{when}");
        holds_all(&vault).await;
        vault.close().await.unwrap();
        assert!(!home.file("vault.db.new").exists(), "{when}");
        for (phrase, opens) in [(&old, !is_new), (&new, is_new)] {
            match home.open_by(Unlock::Phrase(phrase.clone())).await {
                Ok(vault) => vault.close().await.unwrap(),
                Err(error) => {
                    assert!(!opens, "{when}: {error:?}");
                    assert!(
                        matches!(error, VaultError::WrongPhrase),
                        "{when}: {error:?}"
                    );
                    continue;
                }
            }
            assert!(opens, "{when}");
        }
    }
}
