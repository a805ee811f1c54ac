//! The tree of messages: paths, versions, and damage that must not hang anyone.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use proptest::prelude::*;
use tandem_conversation::{
    ConversationId, Message, MessageId, MessageState, Role, Tree, TreeError,
};
use uuid::Uuid;

fn id(number: u128) -> MessageId {
    MessageId(Uuid::from_u128(number))
}

fn message(number: u128, parent: Option<u128>) -> Message {
    Message {
        id: id(number),
        conversation: ConversationId(Uuid::from_u128(0)),
        parent: parent.map(id),
        role: Role::User,
        text: number.to_string(),
        state: MessageState::Complete,
        created_ms: 0,
        receipt: None,
    }
}

/// ```text
/// 1 ─ 2 ─ 3
///   └ 4 ─ 5
///       └ 6
/// 7
/// ```
fn tree() -> Tree {
    // In no order: the store promises none.
    Tree::new([
        message(6, Some(4)),
        message(3, Some(2)),
        message(1, None),
        message(5, Some(4)),
        message(4, Some(1)),
        message(7, None),
        message(2, Some(1)),
    ])
}

fn path(tree: &Tree, leaf: u128) -> Vec<MessageId> {
    let path = tree.path(id(leaf)).unwrap();
    path.into_iter().map(|message| message.id).collect()
}

#[test]
fn a_path_runs_from_the_first_message_to_the_leaf() {
    assert_eq!(path(&tree(), 3), [1, 2, 3].map(id));
    assert_eq!(path(&tree(), 6), [1, 4, 6].map(id));
    assert_eq!(path(&tree(), 7), [7].map(id));
}

#[test]
fn versions_are_in_the_order_in_which_they_were_made() {
    assert_eq!(tree().siblings(id(5)).unwrap(), [5, 6].map(id));
    assert_eq!(tree().siblings(id(6)).unwrap(), [5, 6].map(id));
    assert_eq!(tree().siblings(id(7)).unwrap(), [1, 7].map(id));
    assert_eq!(tree().siblings(id(3)).unwrap(), [3].map(id));
}

#[test]
fn the_newest_branch_is_followed_to_its_end() {
    assert_eq!(tree().newest_leaf(id(1)).unwrap(), id(6));
    assert_eq!(tree().newest_leaf(id(2)).unwrap(), id(3));
    assert_eq!(tree().newest_leaf(id(7)).unwrap(), id(7));
}

#[test]
fn what_is_not_there_is_said() {
    let unknown = TreeError::Unknown(id(9));
    assert_eq!(tree().get(id(9)).unwrap_err(), unknown);
    assert_eq!(tree().path(id(9)).unwrap_err(), unknown);
    assert_eq!(tree().siblings(id(9)).unwrap_err(), unknown);
    assert_eq!(tree().newest_leaf(id(9)).unwrap_err(), unknown);
}

#[test]
fn a_path_begins_where_damage_took_the_rest() {
    let cut = Tree::new([message(2, Some(1)), message(3, Some(2))]);
    assert_eq!(path(&cut, 3), [2, 3].map(id));
}

#[test]
fn a_ring_ends() {
    let ring = Tree::new([message(1, Some(2)), message(2, Some(1))]);
    assert_eq!(path(&ring, 1).len(), 2);
    assert!(ring.newest_leaf(id(1)).is_ok());
}

proptest! {
    /// Every message's parent is any earlier one, or none.
    #[test]
    fn in_any_tree_a_path_links_up_and_ends_at_its_leaf(parents in proptest::collection::vec(any::<u16>(), 1..60)) {
        let messages = parents.iter().enumerate().map(|(at, &pick)| {
            let earlier = usize::from(pick) % (at + 1);
            message(at as u128 + 1, (earlier > 0).then_some(earlier as u128))
        });
        let tree = Tree::new(messages);
        for leaf in 1..=parents.len() as u128 {
            let path = tree.path(id(leaf)).unwrap();
            prop_assert_eq!(path[0].parent, None);
            prop_assert_eq!(path[path.len() - 1].id, id(leaf));
            prop_assert!(path.windows(2).all(|pair| pair[1].parent == Some(pair[0].id)));
            let end = tree.newest_leaf(id(leaf)).unwrap();
            prop_assert!(tree.path(end).unwrap().iter().any(|message| message.id == id(leaf)));
            prop_assert!(tree.siblings(id(leaf)).unwrap().contains(&id(leaf)));
        }
    }
}
