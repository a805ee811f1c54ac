//! A part of a conversation's tree is deleted, the rest stays.

use tandem_conversation::{ConversationId, Message, MessageId};
use tandem_vault::{Vault, VaultError};

use crate::support::{conversation, message_id, one_conversation, question};

/// 1 ─ 2 ─ 3 ─ 4
///   │    └ 5
///   └ 6 ─ 7        and 8, beside 1.
async fn tree() -> (crate::support::Home, Vault, ConversationId) {
    let (home, vault, id) = one_conversation().await;
    for (number, parent) in [
        (1, None),
        (2, Some(1)),
        (3, Some(2)),
        (4, Some(3)),
        (5, Some(2)),
        (6, Some(1)),
        (7, Some(6)),
        (8, None),
    ] {
        let message = Message {
            parent: parent.map(message_id),
            ..question(number, id, &format!("bird number{number}"))
        };
        vault.append(&message).await.unwrap();
    }
    (home, vault, id)
}

async fn state(vault: &Vault, id: ConversationId) -> (Vec<u128>, Option<u128>) {
    let number = |id: MessageId| id.0.as_u128() - message_id(0).0.as_u128();
    let (row, messages) = vault.conversation(id).await.unwrap();
    assert_eq!(row.messages as usize, messages.len());
    assert_eq!(
        vault.search("bird", 100).await.unwrap().len(),
        messages.len()
    );
    vault.verify().await.unwrap();
    (
        messages.iter().map(|message| number(message.id)).collect(),
        row.leaf.map(number),
    )
}

#[tokio::test]
async fn a_branch_goes_with_all_that_follows_it() {
    let (_home, vault, id) = tree().await;
    vault.set_leaf(id, message_id(7)).await.unwrap();
    vault.delete_branch(id, message_id(3)).await.unwrap();
    assert_eq!(
        state(&vault, id).await,
        (vec![1, 2, 5, 6, 7, 8], Some(7)),
        "what is shown stays"
    );
    vault.delete_branch(id, message_id(6)).await.unwrap();
    assert_eq!(
        state(&vault, id).await,
        (vec![1, 2, 5, 8], Some(5)),
        "the newest beside it is shown, to its end"
    );
    vault.delete_branch(id, message_id(2)).await.unwrap();
    assert_eq!(
        state(&vault, id).await,
        (vec![1, 8], Some(1)),
        "alone there, so what it followed is shown"
    );
    vault.delete_branch(id, message_id(1)).await.unwrap();
    assert_eq!(state(&vault, id).await, (vec![8], Some(8)));
    vault.delete_branch(id, message_id(8)).await.unwrap();
    assert_eq!(state(&vault, id).await, (vec![], None));
}

#[tokio::test]
async fn the_kept_branch_is_all_that_is_left() {
    let (_home, vault, id) = tree().await;
    vault.keep_branch(id, message_id(4)).await.unwrap();
    assert_eq!(state(&vault, id).await, (vec![1, 2, 3, 4], Some(4)));
}

#[tokio::test]
async fn nothing_goes_that_is_not_there() {
    let (_home, vault, id) = tree().await;
    let other = conversation(2);
    vault.create_conversation(other, 1).await.unwrap();
    for (of, message) in [(other, 1), (id, 99)] {
        for done in [
            vault.delete_branch(of, message_id(message)).await,
            vault.keep_branch(of, message_id(message)).await,
        ] {
            assert!(matches!(done, Err(VaultError::NoMessage(_))), "{done:?}");
        }
    }
    let done = vault.delete_branch(conversation(3), message_id(1)).await;
    assert!(matches!(done, Err(VaultError::NoConversation(_))));
    assert_eq!(state(&vault, id).await.0.len(), 8);
}

#[tokio::test]
async fn a_long_branch_goes_too() {
    let (_home, vault, id) = one_conversation().await;
    let messages: Vec<Message> = (0..5_000)
        .map(|number| Message {
            parent: (number > 0).then(|| message_id(number - 1)),
            ..question(number, id, "on")
        })
        .collect();
    vault
        .append_all(&messages.iter().collect::<Vec<_>>(), None)
        .await
        .unwrap();
    vault.delete_branch(id, message_id(1)).await.unwrap();
    assert_eq!(vault.conversation(id).await.unwrap().1.len(), 1);
}
