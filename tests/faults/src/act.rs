//! What a person and an assistant do to a vault, one call each, and a random next one.

use serde::{Deserialize, Serialize};
use tandem_conversation::{ConversationId, Message, MessageId, MessageState, Role};
use tandem_vault::{Incoming, IncomingAttachment, IncomingMessage, Vault, VaultError};
use uuid::Uuid;

use crate::ledger::{Entry, Ledger, SETTINGS};

/// Conversations that random acts let grow side by side.
const CONVERSATIONS: usize = 8;

/// One call that changes a vault, all or nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Act {
    /// A new conversation.
    Create {
        /// Its id.
        id: ConversationId,
        /// Milliseconds since 1970 UTC.
        at: i64,
    },
    /// Messages in one go, with a title for their conversation.
    Append {
        /// In their order.
        messages: Vec<Message>,
        /// The title.
        title: Option<String>,
    },
    /// An answer that goes on.
    Checkpoint {
        /// The answer.
        id: MessageId,
        /// All of its text so far.
        text: String,
    },
    /// An answer that ends.
    Finish {
        /// The answer.
        id: MessageId,
        /// All of its text.
        text: String,
        /// How it ended.
        state: MessageState,
    },
    /// Another title.
    Rename {
        /// The conversation.
        id: ConversationId,
        /// The title.
        title: String,
    },
    /// A conversation that goes for good.
    Delete {
        /// The conversation.
        id: ConversationId,
    },
    /// A setting.
    Set {
        /// One of [`SETTINGS`].
        key: String,
        /// JSON.
        value: String,
    },
    /// What an earlier run left streaming is marked as interrupted.
    Settle,
    /// A conversation from elsewhere, each message with a file attached.
    Import(Import),
    /// A backup.
    BackUp {
        /// Milliseconds since 1970 UTC.
        at: i64,
    },
}

/// A conversation from elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// Its id, there and here.
    pub id: ConversationId,
    /// Its title.
    pub title: String,
    /// Milliseconds since 1970 UTC.
    pub at: i64,
    /// Its messages, each after the one before; their texts are what is attached to them as well.
    pub messages: Vec<(MessageId, String)>,
}

impl Import {
    /// What the vault is told.
    fn incoming(&self) -> Incoming {
        let messages = self
            .messages
            .iter()
            .enumerate()
            .map(|(at, (id, text))| IncomingMessage {
                id: id.to_string(),
                parent: at.checked_sub(1),
                role: Role::User,
                text: text.clone(),
                state: MessageState::Complete,
                created_ms: self.at,
                receipt: None,
                attachments: vec![IncomingAttachment {
                    name: "attached.txt".to_owned(),
                    mime: "text/plain".to_owned(),
                    bytes: text.clone().into_bytes(),
                }],
            });
        Incoming {
            source: "tandem".to_owned(),
            id: self.id.to_string(),
            title: self.title.clone(),
            created_ms: self.at,
            leaf: self.messages.len().checked_sub(1),
            messages: messages.collect(),
            ..Incoming::default()
        }
    }

    /// What the vault must hold then.
    pub fn entry(&self) -> Entry {
        let mut entry = Entry {
            title: self.title.clone(),
            ..Entry::default()
        };
        for (id, text) in &self.messages {
            entry.messages.push(Message {
                id: *id,
                conversation: self.id,
                parent: entry.leaf,
                role: Role::User,
                text: text.clone(),
                state: MessageState::Complete,
                created_ms: self.at,
                receipt: None,
            });
            entry.attached.push((*id, text.clone().into_bytes()));
            entry.leaf = Some(*id);
        }
        entry
    }
}

impl Act {
    /// Does it.
    pub async fn carry_out(&self, vault: &Vault) -> Result<(), VaultError> {
        match self {
            Self::Create { id, at } => vault.create_conversation(*id, *at).await,
            Self::Append { messages, title } => {
                let messages: Vec<_> = messages.iter().collect();
                vault.append_all(&messages, title.as_deref()).await
            }
            Self::Checkpoint { id, text } => vault.checkpoint(*id, text).await,
            Self::Finish { id, text, state } => vault.finish(*id, text, *state, None).await,
            Self::Rename { id, title } => vault.rename(*id, title).await,
            Self::Delete { id } => vault.delete_conversation(*id).await,
            Self::Set { key, value } => vault.set_setting(key, value).await,
            Self::Settle => vault.settle_interrupted().await.map(drop),
            Self::Import(import) => vault.import(import.incoming()).await.map(drop),
            Self::BackUp { at } => vault.back_up(*at).await.map(drop),
        }
    }

    /// What may well come next in a vault that holds `ledger`.
    pub fn next(random: &mut fastrand::Rng, ledger: &Ledger) -> Self {
        let ids: Vec<_> = ledger.conversations.keys().copied().collect();
        let Some(&id) = random.choice(&ids) else {
            return Self::create(random);
        };
        let streaming: Vec<_> = ledger
            .messages()
            .filter(|message| message.state == MessageState::Streaming)
            .collect();
        if let Some(message) = random.choice(&streaming).copied()
            && random.u8(..100) < 55
        {
            let text = format!("{} {}", message.text, text(random));
            return if random.bool() {
                Self::Checkpoint {
                    id: message.id,
                    text,
                }
            } else {
                Self::Finish {
                    id: message.id,
                    text,
                    state: random
                        .choice([MessageState::Complete, MessageState::Stopped])
                        .unwrap_or(MessageState::Complete),
                }
            };
        }
        match random.u8(..100) {
            0..12 if ids.len() < CONVERSATIONS => Self::create(random),
            12..22 => Self::Rename {
                id,
                title: text(random),
            },
            22..30 if ids.len() > 2 => Self::Delete { id },
            30..38 => Self::Set {
                key: (*random.choice(&SETTINGS[..3]).unwrap_or(&SETTINGS[0])).to_owned(),
                value: format!("\"{}\"", word(random)),
            },
            38..41 => Self::Settle,
            41..45 if ids.len() < CONVERSATIONS => Self::import(random),
            45..47 => Self::back_up(random),
            47..60 => Self::Append {
                messages: vec![message(random, ledger, id, Role::User)],
                title: None,
            },
            _ => {
                let question = message(random, ledger, id, Role::User);
                let answer = Message {
                    id: MessageId(uuid(random)),
                    parent: Some(question.id),
                    role: Role::Assistant,
                    text: String::new(),
                    state: MessageState::Streaming,
                    ..question.clone()
                };
                Self::Append {
                    messages: vec![question, answer],
                    title: random.bool().then(|| text(random)),
                }
            }
        }
    }

    /// A conversation from elsewhere.
    pub fn import(random: &mut fastrand::Rng) -> Self {
        let mut messages = Vec::new();
        for _ in 0..random.usize(1..4) {
            messages.push((MessageId(uuid(random)), text(random)));
        }
        Self::Import(Import {
            id: ConversationId(uuid(random)),
            title: text(random),
            at: random.i64(0..2_000_000_000_000),
            messages,
        })
    }

    /// A backup, at some time.
    pub fn back_up(random: &mut fastrand::Rng) -> Self {
        Self::BackUp {
            at: random.i64(1_000_000_000_000..2_000_000_000_000),
        }
    }

    /// A new conversation with a random id.
    pub fn create(random: &mut fastrand::Rng) -> Self {
        Self::Create {
            id: ConversationId(uuid(random)),
            at: random.i64(0..2_000_000_000_000),
        }
    }
}

/// A message that follows what is shown last of the conversation.
pub fn message(
    random: &mut fastrand::Rng,
    ledger: &Ledger,
    conversation: ConversationId,
    role: Role,
) -> Message {
    Message {
        id: MessageId(uuid(random)),
        conversation,
        parent: ledger
            .conversations
            .get(&conversation)
            .and_then(|entry| entry.leaf),
        role,
        text: text(random),
        state: MessageState::Complete,
        created_ms: random.i64(0..2_000_000_000_000),
        receipt: None,
    }
}

/// A random id.
pub fn uuid(random: &mut fastrand::Rng) -> Uuid {
    uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid()
}

/// A few words, now and then many: a text of several pages takes other ways through the database.
pub fn text(random: &mut fastrand::Rng) -> String {
    let words = match random.u8(..20) {
        0 => random.usize(500..2_000),
        1..6 => random.usize(30..200),
        _ => random.usize(1..12),
    };
    let words: Vec<_> = (0..words).map(|_| word(random)).collect();
    words.join(" ")
}

/// A word that hardly comes twice, in one of several scripts.
pub fn word(random: &mut fastrand::Rng) -> String {
    const SCRIPTS: [&str; 4] = [
        "abcdefghijklmnopqrstuvwxyz",
        "абвгдежзиклмнопрст",
        "東京天気明日海山川",
        "אבגדהוזחט",
    ];
    let script: Vec<char> = SCRIPTS[if random.u8(..10) < 8 {
        0
    } else {
        random.usize(1..4)
    }]
    .chars()
    .collect();
    (0..random.usize(4..10))
        .filter_map(|_| random.choice(&script))
        .collect()
}
