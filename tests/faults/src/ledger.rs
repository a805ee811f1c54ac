//! What a vault must hold: all that it acknowledged, and nothing else.

use std::collections::BTreeMap;

use tandem_conversation::{ConversationId, Message, MessageId, MessageState};
use tandem_vault::{Vault, VaultError};

use crate::act::Act;

/// The settings that campaigns write.
pub const SETTINGS: [&str; 4] = ["theme", "font", "model", "after"];

/// One conversation as it must be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// Its title.
    pub title: String,
    /// The message that is shown last.
    pub leaf: Option<MessageId>,
    /// Its messages in the order of appending.
    pub messages: Vec<Message>,
    /// The bytes that are attached, and to which message.
    pub attached: Vec<(MessageId, Vec<u8>)>,
}

/// Everything that a vault must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// By id.
    pub conversations: BTreeMap<ConversationId, Entry>,
    /// Those of [`SETTINGS`] that were set.
    pub settings: BTreeMap<String, String>,
}

impl Ledger {
    /// What `vault` holds.
    pub async fn read(vault: &Vault) -> Result<Self, VaultError> {
        let mut ledger = Self::default();
        for row in vault.conversations().await? {
            let (row, messages) = vault.conversation(row.id).await?;
            let mut attached = Vec::new();
            for file in vault.attachments(row.id).await? {
                attached.push((file.message, vault.attachment(file.id).await?));
            }
            ledger.conversations.insert(
                row.id,
                Entry {
                    title: row.title,
                    leaf: row.leaf,
                    messages,
                    attached,
                },
            );
        }
        for key in SETTINGS {
            if let Some(value) = vault.setting(key).await? {
                ledger.settings.insert(key.to_owned(), value);
            }
        }
        Ok(ledger)
    }

    /// What it is after `act`.
    pub fn apply(&mut self, act: &Act) {
        match act {
            Act::Create { id, .. } => {
                self.conversations.insert(*id, Entry::default());
            }
            Act::Append { messages, title } => {
                for message in messages {
                    if let Some(entry) = self.conversations.get_mut(&message.conversation) {
                        entry.leaf = Some(message.id);
                        entry.messages.push(message.clone());
                        if let Some(title) = title {
                            entry.title.clone_from(title);
                        }
                    }
                }
            }
            Act::Checkpoint { id, text } => {
                if let Some(message) = self.message(*id) {
                    message.text.clone_from(text);
                }
            }
            Act::Finish { id, text, state } => {
                if let Some(message) = self.message(*id) {
                    message.text.clone_from(text);
                    message.state = *state;
                }
            }
            Act::Rename { id, title } => {
                if let Some(entry) = self.conversations.get_mut(id) {
                    entry.title.clone_from(title);
                }
            }
            Act::Delete { id } => {
                self.conversations.remove(id);
            }
            Act::Import(import) => {
                self.conversations.insert(import.id, import.entry());
            }
            // It changes nothing of what is here.
            Act::BackUp { .. } => {}
            Act::Set { key, value } => {
                self.settings.insert(key.clone(), value.clone());
            }
            Act::Settle => {
                for message in self.messages_mut() {
                    if message.state == MessageState::Streaming {
                        message.state = MessageState::Interrupted;
                    }
                }
            }
        }
    }

    /// All messages.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.conversations
            .values()
            .flat_map(|entry| &entry.messages)
    }

    fn messages_mut(&mut self) -> impl Iterator<Item = &mut Message> {
        self.conversations
            .values_mut()
            .flat_map(|entry| &mut entry.messages)
    }

    fn message(&mut self, id: MessageId) -> Option<&mut Message> {
        self.messages_mut().find(|message| message.id == id)
    }

    /// Messages of this ledger that `found` lacks or holds with another text.
    pub fn lost_in(&self, found: &Self) -> u64 {
        let there: BTreeMap<_, _> = found.messages().map(|m| (m.id, m)).collect();
        let lost = self
            .messages()
            .filter(|message| there.get(&message.id).is_none_or(|kept| kept != message));
        u64::try_from(lost.count()).unwrap_or(u64::MAX)
    }

    /// How `found` differs, in words; nothing when it doesn't.
    pub fn difference(&self, found: &Self) -> Option<String> {
        if self == found {
            return None;
        }
        for (id, entry) in &self.conversations {
            match found.conversations.get(id) {
                None => {
                    return Some(format!(
                        "a conversation of {} messages is gone",
                        entry.messages.len()
                    ));
                }
                Some(other) if other.title != entry.title => {
                    return Some(format!(
                        "a title is {:?}, not {:?}",
                        other.title, entry.title
                    ));
                }
                Some(other) if other.messages.len() != entry.messages.len() => {
                    return Some(format!(
                        "a conversation has {} messages, not {}",
                        other.messages.len(),
                        entry.messages.len()
                    ));
                }
                Some(other) => {
                    let pair = entry.messages.iter().zip(&other.messages);
                    if let Some((wanted, there)) = pair.into_iter().find(|(a, b)| a != b) {
                        return Some(format!(
                            "a message of {} bytes, {:?}, is {} bytes, {:?}",
                            wanted.text.len(),
                            wanted.state,
                            there.text.len(),
                            there.state
                        ));
                    }
                    if other.attached != entry.attached {
                        return Some("something else is attached".to_owned());
                    }
                    if other.leaf != entry.leaf {
                        return Some("another message is shown last".to_owned());
                    }
                }
            }
        }
        if found.conversations.len() > self.conversations.len() {
            return Some("there is a conversation too many".to_owned());
        }
        Some(format!(
            "settings are {:?}, not {:?}",
            found.settings, self.settings
        ))
    }
}
