//! What is readable of a damaged vault is saved; the damaged files are kept.

use std::fs;

use tandem_vault::{Rescued, Unlock, Vault, VaultError};
use uuid::Uuid;

use crate::support::{Home, conversation, one_conversation, question};

const AT: i64 = 1_764_277_381_042;
const WORD: &str = "coelacanth";

/// A closed vault with three conversations of 40 messages each, a folder and a tag.
async fn full() -> Home {
    let (home, vault, _) = one_conversation().await;
    let folder = Uuid::from_u128(7);
    vault.create_folder(folder, "Sea").await.unwrap();
    for c in 1..=3 {
        let id = conversation(c);
        if c > 1 {
            vault.create_conversation(id, 1).await.unwrap();
        }
        vault.rename(id, &format!("Talk {c}")).await.unwrap();
        let mut parent = None;
        for number in 1..=40 {
            let text = format!("{WORD} {} end{number}", "more words ".repeat(50));
            let mut message = question(c * 100 + number, id, &text);
            message.parent = parent;
            parent = Some(message.id);
            vault.append(&message).await.unwrap();
        }
    }
    vault.file(&[conversation(1)], Some(folder)).await.unwrap();
    vault.tag(&[conversation(2)], "fish", true).await.unwrap();
    vault.set_setting("theme", "\"dark\"").await.unwrap();
    vault.close().await.unwrap();
    home
}

async fn rescue(home: &Home) -> Result<Rescued, VaultError> {
    Vault::rescue_with(&home.dir, Unlock::Keyring, home.keys.clone(), AT).await
}

#[tokio::test]
async fn a_sound_vault_is_saved_whole() {
    let home = full().await;
    let before = {
        let vault = home.open().await;
        let all = vault.conversations().await.unwrap();
        let messages = vault.conversation(conversation(2)).await.unwrap();
        vault.close().await.unwrap();
        (all, messages)
    };
    let rescued = rescue(&home).await.unwrap();
    assert_eq!((rescued.conversations, rescued.messages), (3, 120));
    assert_eq!((rescued.lost_messages, rescued.lost_others), (0, 0));
    let vault = home.open().await;
    assert_eq!(vault.conversations().await.unwrap(), before.0);
    assert_eq!(vault.conversation(conversation(2)).await.unwrap(), before.1);
    assert_eq!(vault.search(WORD, 200).await.unwrap().len(), 120);
    assert_eq!(
        vault.setting("theme").await.unwrap().as_deref(),
        Some("\"dark\"")
    );
    vault.verify().await.unwrap();
}

#[tokio::test]
async fn whichever_page_is_damaged_the_rest_is_saved_and_the_loss_is_counted() {
    let home = full().await;
    let whole = fs::read(home.file("vault.db")).unwrap();
    let counter = fs::read(home.file("counter")).unwrap();
    let pages = whole.len() / 4096;
    let (mut with_losses, mut beyond) = (0, 0);
    // Every third: a rescue makes a whole vault each time.
    for page in (1..pages).step_by(3) {
        let mut damaged = whole.clone();
        damaged[page * 4096 + 2000] ^= 0x10;
        fs::write(home.file("vault.db"), &damaged).unwrap();
        fs::write(home.file("counter"), &counter).unwrap();
        let rescued = match rescue(&home).await {
            Ok(rescued) => rescued,
            Err(VaultError::BeyondRescue { .. }) => {
                // A page of the schema, or the roots of the tables.
                beyond += 1;
                continue;
            }
            Err(error) => panic!("page {page}: {error:?}"),
        };
        assert!(
            rescued.messages + rescued.lost_messages >= 120,
            "page {page}: {rescued:?}"
        );
        with_losses += u32::from(rescued.lost_messages > 0);
        let kept = fs::read(rescued.kept.join("vault.db")).unwrap();
        assert!(
            kept == damaged,
            "page {page}: the damaged file is kept as it was"
        );
        let vault = home.open().await;
        vault.verify().await.unwrap();
        let mut read = 0;
        for row in vault.conversations().await.unwrap() {
            let (row, messages) = vault.conversation(row.id).await.unwrap();
            assert_eq!(row.messages as usize, messages.len());
            assert!(
                messages.iter().any(|message| Some(message.id) == row.leaf) || messages.is_empty()
            );
            read += messages.len();
        }
        assert_eq!(read as u64, rescued.messages);
        assert_eq!(vault.search(WORD, 200).await.unwrap().len(), read);
        vault.close().await.unwrap();
    }
    assert!(with_losses > 2, "{with_losses}");
    assert!(beyond < 10, "{beyond} of {pages}");
}

#[tokio::test]
async fn a_file_that_was_cut_gives_what_is_left() {
    let home = full().await;
    let whole = fs::read(home.file("vault.db")).unwrap();
    fs::write(
        home.file("vault.db"),
        &whole[..whole.len() * 3 / 4 / 4096 * 4096],
    )
    .unwrap();
    let rescued = rescue(&home).await.unwrap();
    assert!(rescued.messages > 20, "{rescued:?}");
    home.open().await.verify().await.unwrap();
}

#[tokio::test]
async fn a_damaged_beginning_is_beyond_rescue_and_stays() {
    let home = full().await;
    let mut damaged = fs::read(home.file("vault.db")).unwrap();
    damaged[100] ^= 1;
    fs::write(home.file("vault.db"), &damaged).unwrap();
    let error = rescue(&home).await.unwrap_err();
    assert!(
        matches!(
            error,
            VaultError::BeyondRescue { .. } | VaultError::Mismatch { .. }
        ),
        "{error:?}"
    );
    assert!(fs::read(home.file("vault.db")).unwrap() == damaged);
    assert!(!home.file("staged").exists());
}
