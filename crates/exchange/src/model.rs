//! The one form that every format is read into and written from.

use tandem_conversation::{MessageState, Overflow, Receipt, Role};

use crate::LeftOut;

/// Where conversations come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Tandem: its archive or its JSON.
    Tandem,
    /// The export of a ChatGPT account.
    ChatGpt,
    /// The export of a Claude account.
    Claude,
    /// The folder of Jan's threads.
    Jan,
    /// LM Studio's conversations.
    LmStudio,
    /// Lists of messages as Ollama takes them.
    Ollama,
    /// Chats that Open WebUI exported.
    OpenWebUi,
}

impl Kind {
    /// A stable word, which also names the source of what was imported.
    pub fn code(self) -> &'static str {
        match self {
            Self::Tandem => "tandem",
            Self::ChatGpt => "chatgpt",
            Self::Claude => "claude",
            Self::Jan => "jan",
            Self::LmStudio => "lm-studio",
            Self::Ollama => "ollama",
            Self::OpenWebUi => "open-webui",
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tandem => "Tandem",
            Self::ChatGpt => "ChatGPT",
            Self::Claude => "Claude",
            Self::Jan => "Jan",
            Self::LmStudio => "LM Studio",
            Self::Ollama => "Ollama",
            Self::OpenWebUi => "Open WebUI",
        }
    }
}

/// A conversation with all its branches.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// Its id where it comes from; never empty.
    pub id: String,
    /// Its title, on one line; may be empty.
    pub title: String,
    /// Milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When the last message was written, in milliseconds since 1970 UTC.
    pub updated_ms: i64,
    /// The name of its folder.
    pub folder: Option<String>,
    /// The names of its tags.
    pub tags: Vec<String>,
    /// Whether it stays at the top of lists.
    pub pinned: bool,
    /// Whether it is out of the ordinary lists.
    pub archived: bool,
    /// What becomes of its beginning when the context is full.
    pub overflow: Overflow,
    /// The message that the shown path ends with, by its place in `messages`.
    pub leaf: Option<usize>,
    /// Its messages; each comes after its parent, versions stand in their order.
    pub messages: Vec<Message>,
    /// What of it can't be taken.
    pub left_out: LeftOut,
}

impl Conversation {
    /// How many messages have more than one version after them, the beginning included.
    pub fn branches(&self) -> u64 {
        let mut children = std::collections::HashMap::new();
        for message in &self.messages {
            *children.entry(message.parent).or_insert(0_u64) += 1;
        }
        children
            .values()
            .map(|&count| count - 1)
            .fold(0, u64::saturating_add)
    }

    /// From the first message to the leaf.
    pub fn path(&self) -> Vec<&Message> {
        let mut path = Vec::new();
        let mut at = self.leaf;
        while let Some(message) = at.and_then(|at| self.messages.get(at)) {
            path.push(message);
            // A parent comes before, so this ends.
            at = message.parent;
        }
        path.reverse();
        path
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id where it comes from; never empty, and its own within the conversation.
    pub id: String,
    /// The message before it, by its place in the conversation, which is lower than its own.
    pub parent: Option<usize>,
    /// Who speaks: the person or the model.
    pub role: Role,
    /// Its text.
    pub text: String,
    /// Milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// The model that made it.
    pub model: Option<String>,
    /// How far it got.
    pub state: MessageState,
    /// How it came to be, where Tandem made it.
    pub receipt: Option<Receipt>,
    /// What is attached to it.
    pub attachments: Vec<Attachment>,
}

/// A picture or a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    /// Its name, without folders; never empty.
    pub name: String,
    /// Its kind, such as `image/png`.
    pub mime: String,
    /// Its bytes, or where they are.
    pub content: Content,
}

/// The bytes of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Here.
    Bytes(Vec<u8>),
    /// Where the conversation comes from.
    Stored {
        /// Their name there.
        key: String,
        /// How many there are.
        bytes: u64,
    },
}

impl Content {
    /// How many bytes there are.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Stored { bytes, .. } => *bytes,
        }
    }
}
