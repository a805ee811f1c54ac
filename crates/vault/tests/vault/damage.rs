//! Changed bytes are found out or do no harm; nothing panics and nothing is "repaired".

use std::fs;

use tandem_vault::{Vault, VaultError};

use crate::support::{Home, conversation, one_conversation, question};

const WORD: &str = "albatross";

async fn full_home() -> Home {
    let (home, vault, id) = one_conversation().await;
    for number in 1..=60 {
        vault
            .append(&question(
                number,
                id,
                &format!("{WORD} {number} {}", "and more ".repeat(40)),
            ))
            .await
            .unwrap();
    }
    vault.close().await.unwrap();
    home
}

/// Reads everything there is.
async fn read_all(vault: &Vault) -> Result<usize, VaultError> {
    vault.verify().await?;
    vault.conversations().await?;
    vault.search(WORD, 100).await?;
    vault.setting("theme").await?;
    Ok(vault.conversation(conversation(1)).await?.1.len())
}

fn is_about_the_file(error: &VaultError) -> bool {
    matches!(
        error,
        VaultError::Damaged { .. } | VaultError::Mismatch { .. } | VaultError::Io { .. }
    )
}

#[tokio::test]
async fn a_changed_byte_anywhere_in_the_database_is_found_out() {
    let home = full_home().await;
    let whole = fs::read(home.file("vault.db")).unwrap();
    assert!(whole.len() > 20 * 4096, "{}", whole.len());
    for page in 0..whole.len() / 4096 {
        // A different place on each page: salt, content, IV and seal all get their turn.
        let position = page * 4096 + (page * 997) % 4096;
        let mut changed = whole.clone();
        changed[position] ^= 0x10;
        fs::write(home.file("vault.db"), &changed).unwrap();
        let error = match home.try_open().await {
            Err(error) => error,
            Ok(vault) => {
                let error = read_all(&vault).await.expect_err("the change went unseen");
                let _ = vault.close().await;
                error
            }
        };
        assert!(is_about_the_file(&error), "byte {position}: {error:?}");
        assert_eq!(
            fs::read(home.file("vault.db")).unwrap(),
            changed,
            "byte {position}"
        );
    }
    fs::write(home.file("vault.db"), &whole).unwrap();
    assert_eq!(read_all(&home.open().await).await.unwrap(), 60);
}

#[tokio::test]
async fn every_kind_of_place_on_a_page_is_sealed() {
    let home = full_home().await;
    let whole = fs::read(home.file("vault.db")).unwrap();
    // The last 80 bytes of a page are the IV and the seal.
    for offset in [0, 15, 16, 17, 100, 4015, 4016, 4031, 4032, 4095] {
        for page in [0, 5] {
            let mut changed = whole.clone();
            changed[page * 4096 + offset] ^= 1;
            fs::write(home.file("vault.db"), &changed).unwrap();
            let error = match home.try_open().await {
                Err(error) => error,
                Ok(vault) => read_all(&vault).await.expect_err("the change went unseen"),
            };
            assert!(
                is_about_the_file(&error),
                "page {page}, byte {offset}: {error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_database_cut_short_is_found_out() {
    let home = full_home().await;
    let whole = fs::read(home.file("vault.db")).unwrap();
    for length in [
        1,
        15,
        16,
        100,
        4095,
        4096,
        8192,
        whole.len() / 2,
        whole.len() - 4096,
        whole.len() - 1,
    ] {
        fs::write(home.file("vault.db"), &whole[..length]).unwrap();
        let error = match home.try_open().await {
            Err(error) => error,
            Ok(vault) => read_all(&vault).await.expect_err("the loss went unseen"),
        };
        assert!(is_about_the_file(&error), "{length}: {error:?}");
    }
}

#[tokio::test]
async fn pages_that_changed_places_are_found_out() {
    let home = full_home().await;
    let mut changed = fs::read(home.file("vault.db")).unwrap();
    let (one, other) = (5 * 4096, 6 * 4096);
    for offset in 0..4096 {
        changed.swap(one + offset, other + offset);
    }
    fs::write(home.file("vault.db"), &changed).unwrap();
    let error = read_all(&home.open().await).await.unwrap_err();
    assert!(is_about_the_file(&error), "{error:?}");
}

#[tokio::test]
async fn a_changed_byte_in_the_log_loses_its_end_at_most_and_that_is_said() {
    let (home, vault, id) = one_conversation().await;
    for number in 1..=10 {
        vault.append(&question(number, id, WORD)).await.unwrap();
    }
    let database = fs::read(home.file("vault.db")).unwrap();
    let log = fs::read(home.file("vault.db-wal")).unwrap();
    let counter = fs::read(home.file("counter")).unwrap();
    let mut lost = 0;
    vault.close().await.unwrap();
    for position in (0..log.len()).step_by(log.len() / 60) {
        let mut changed = log.clone();
        changed[position] ^= 0x10;
        fs::write(home.file("vault.db"), &database).unwrap();
        fs::write(home.file("vault.db-wal"), &changed).unwrap();
        fs::write(home.file("counter"), &counter).unwrap();
        match home.try_open().await {
            Ok(vault) => {
                let (_, messages) = vault.conversation(id).await.unwrap();
                assert_eq!(messages.len(), 10, "byte {position}: a loss went unsaid");
                vault.close().await.unwrap();
            }
            Err(VaultError::RolledBack { .. }) => {
                lost += 1;
                assert_eq!(fs::read(home.file("vault.db-wal")).unwrap(), changed);
                assert_eq!(fs::read(home.file("vault.db")).unwrap(), database);
                let vault = home.go_on().await;
                // What is there is whole and in order.
                match vault.conversation(id).await {
                    Ok((_, messages)) => {
                        for (message, number) in messages.iter().zip(1..) {
                            assert_eq!(*message, question(number, id, WORD));
                        }
                    }
                    Err(error) => {
                        let gone = matches!(error, VaultError::NoConversation(_));
                        assert!(
                            gone || is_about_the_file(&error),
                            "byte {position}: {error:?}"
                        );
                    }
                }
                vault.close().await.unwrap();
            }
            Err(error) => assert!(is_about_the_file(&error), "byte {position}: {error:?}"),
        }
    }
    assert!(lost > 20, "{lost}");
}

#[tokio::test]
async fn reading_a_damaged_page_is_a_typed_error_and_never_wrong_text() {
    let home = full_home().await;
    let whole = fs::read(home.file("vault.db")).unwrap();
    let sound = home
        .open()
        .await
        .conversation(conversation(1))
        .await
        .unwrap()
        .1;
    let mut refused = 0;
    for page in 1..whole.len() / 4096 {
        let mut changed = whole.clone();
        changed[page * 4096 + 2000] ^= 0x10;
        fs::write(home.file("vault.db"), &changed).unwrap();
        let read = match home.try_open().await {
            Err(error) => Err(error),
            Ok(vault) => vault.conversation(conversation(1)).await,
        };
        match read {
            Ok((_, messages)) => assert_eq!(messages, sound),
            Err(error) => {
                assert!(is_about_the_file(&error), "page {page}: {error:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 5, "{refused}");
}
