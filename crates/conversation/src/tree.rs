//! The tree of messages: every edit and every new answer is a sibling, nothing is overwritten.

use std::collections::HashMap;

use crate::{Message, MessageId};

/// What a tree can't be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The message isn't in this conversation.
    #[error("there is no such message in this conversation")]
    Unknown(MessageId),
}

/// The messages of one conversation.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    messages: HashMap<MessageId, Message>,
    children: HashMap<Option<MessageId>, Vec<MessageId>>,
}

impl Tree {
    /// A tree of `messages`, in any order. Siblings are ordered by id, which is by time of making.
    pub fn new(messages: impl IntoIterator<Item = Message>) -> Self {
        let mut tree = Self::default();
        for message in messages {
            tree.children
                .entry(message.parent)
                .or_default()
                .push(message.id);
            tree.messages.insert(message.id, message);
        }
        for ids in tree.children.values_mut() {
            ids.sort_unstable();
        }
        tree
    }

    /// The message `id`.
    pub fn get(&self, id: MessageId) -> Result<&Message, TreeError> {
        self.messages.get(&id).ok_or(TreeError::Unknown(id))
    }

    /// From the first message to `leaf`, both included. Where damage took a parent away, the path begins after it:
    /// what can be read is shown.
    pub fn path(&self, leaf: MessageId) -> Result<Vec<&Message>, TreeError> {
        let mut path = vec![self.get(leaf)?];
        // A path can't be longer than the tree: a damaged one with a ring ends here, not never.
        while let Some(parent) = path[path.len() - 1].parent
            && let Some(parent) = self.messages.get(&parent)
            && path.len() < self.messages.len()
        {
            path.push(parent);
        }
        path.reverse();
        Ok(path)
    }

    /// The versions of `id`, itself included, oldest first.
    pub fn siblings(&self, id: MessageId) -> Result<&[MessageId], TreeError> {
        Ok(self.children_of(self.get(id)?.parent))
    }

    /// The end of the newest branch below `id`; `id` itself when nothing follows it.
    pub fn newest_leaf(&self, id: MessageId) -> Result<MessageId, TreeError> {
        let mut leaf = self.get(id)?.id;
        for _ in 0..self.messages.len() {
            match self.children_of(Some(leaf)).last() {
                Some(&next) => leaf = next,
                None => break,
            }
        }
        Ok(leaf)
    }

    fn children_of(&self, parent: Option<MessageId>) -> &[MessageId] {
        self.children.get(&parent).map_or(&[], Vec::as_slice)
    }
}
