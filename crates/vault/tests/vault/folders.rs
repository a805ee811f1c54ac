//! Folders and tags come and go, conversations stay.

use tandem_vault::{Search, Shelf, VaultError};
use uuid::Uuid;

use crate::{
    lists::all,
    support::{conversation, one_conversation, question},
};

fn folder(number: u128) -> Uuid {
    Uuid::from_u128(0xf000 + number)
}

#[tokio::test]
async fn folders_keep_the_order_they_are_given() {
    let (_home, vault, _) = one_conversation().await;
    for (number, name) in [(1, "Work"), (2, "Home"), (3, "Birds")] {
        vault.create_folder(folder(number), name).await.unwrap();
    }
    let names = async || -> Vec<String> {
        let folders = vault.folders().await.unwrap();
        folders.into_iter().map(|folder| folder.name).collect()
    };
    assert_eq!(names().await, ["Work", "Home", "Birds"]);
    vault.order_folders(&[folder(3), folder(1)]).await.unwrap();
    vault.rename_folder(folder(2), "House").await.unwrap();
    assert_eq!(names().await, ["Birds", "Work", "House"]);
    let taken = vault.create_folder(folder(1), "Again").await;
    assert!(matches!(taken, Err(VaultError::AlreadyThere)));
}

#[tokio::test]
async fn a_deleted_folder_leaves_its_conversations() {
    let (_home, vault, id) = one_conversation().await;
    vault.create_folder(folder(1), "Work").await.unwrap();
    vault.file(&[id], Some(folder(1))).await.unwrap();
    assert_eq!(vault.folders().await.unwrap()[0].conversations, 1);
    vault.delete_folder(folder(1)).await.unwrap();
    let rows = all(&vault, &Shelf::default(), 10).await;
    assert_eq!((rows[0].id, rows[0].folder), (id, None));
    for gone in [
        vault.delete_folder(folder(1)).await,
        vault.rename_folder(folder(1), "x").await,
        vault.file(&[id], Some(folder(1))).await,
    ] {
        assert!(matches!(gone, Err(VaultError::NoFolder)), "{gone:?}");
    }
}

#[tokio::test]
async fn many_are_moved_or_none() {
    let (_home, vault, id) = one_conversation().await;
    vault.create_folder(folder(1), "Work").await.unwrap();
    let both = [id, conversation(9)];
    for done in [
        vault.file(&both, Some(folder(1))).await,
        vault.pin(&both, true).await,
        vault.archive(&both, true).await,
        vault.tag(&both, "bird", true).await,
    ] {
        assert!(
            matches!(done, Err(VaultError::NoConversation(_))),
            "{done:?}"
        );
    }
    let row = &all(&vault, &Shelf::default(), 10).await[0];
    assert_eq!(
        (row.folder, row.pinned, row.archived, row.tags.len()),
        (None, false, false, 0)
    );
    assert_eq!(vault.tags().await.unwrap(), []);
}

#[tokio::test]
async fn a_tag_goes_with_the_last_that_has_it() {
    let (_home, vault, id) = one_conversation().await;
    let other = conversation(2);
    vault.create_conversation(other, 2).await.unwrap();
    vault.tag(&[id, other], "Vögel", true).await.unwrap();
    vault.tag(&[id], "rare", true).await.unwrap();
    vault.tag(&[id], "Rare", true).await.unwrap();
    assert_eq!(vault.tags().await.unwrap().len(), 2);
    vault.tag(&[id], "RARE", false).await.unwrap();
    assert_eq!(vault.tags().await.unwrap().len(), 1);
    vault.delete_conversation(id).await.unwrap();
    assert_eq!(vault.tags().await.unwrap()[0].conversations, 1);
    vault.delete_conversation(other).await.unwrap();
    assert_eq!(vault.tags().await.unwrap(), []);
}

#[tokio::test]
async fn search_keeps_to_folder_and_tag() {
    let (_home, vault, id) = one_conversation().await;
    let other = conversation(2);
    vault.create_conversation(other, 2).await.unwrap();
    vault.create_folder(folder(1), "Work").await.unwrap();
    vault.append(&question(1, id, "a puffin")).await.unwrap();
    vault.append(&question(2, other, "a puffin")).await.unwrap();
    vault.rename(id, "puffins").await.unwrap();
    vault.rename(other, "puffins").await.unwrap();
    vault.file(&[id], Some(folder(1))).await.unwrap();
    vault.tag(&[other], "bird", true).await.unwrap();
    let found = async |folder: Option<Uuid>, tag: Option<&str>| {
        let search = Search {
            typed: "puffin".to_owned(),
            folder,
            tag: tag.map(ToOwned::to_owned),
            ..Search::default()
        };
        let found = vault.find(&search, 10).await.unwrap();
        assert!(found.all);
        found
            .hits
            .into_iter()
            .map(|hit| hit.conversation)
            .collect::<Vec<_>>()
    };
    assert_eq!(found(None, None).await.len(), 4);
    assert_eq!(found(Some(folder(1)), None).await, [id, id]);
    assert_eq!(found(None, Some("BIRD")).await, [other, other]);
    assert_eq!(found(Some(folder(1)), Some("bird")).await, []);
}
