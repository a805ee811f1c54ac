//! What a host may ask for, and what it gets.

use serde::{Deserialize, Serialize};
use tandem_conversation::{ConversationId, MessageId, Overflow, TurnId};
use ts_rs::TS;

use super::{
    AppState, BenchView, ConversationRow, ConversationView, DoctorLine, DraftView, DraftsCall,
    ExchangeCall, ExportView, FolderChange, FoundView, ImportView, Keeping, KeysCall, ListPage,
    MapView, ModelCard, SafetyCall, SafetyView, Shelf, Shelves, Theme, Tuning, Within,
};

/// How a new vault's key is protected.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(tag = "with", rename_all = "camelCase")]
#[ts(export)]
pub enum Protection {
    /// By the system's own keyring.
    Keyring,
    /// By a passphrase that only the person knows.
    Passphrase {
        /// At least eight characters.
        passphrase: String,
    },
}

/// A request.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Call {
    /// The state of everything → [`Reply::State`].
    State,
    /// Makes the vault → [`Reply::State`].
    Protect {
        /// How its key is protected.
        protection: Protection,
    },
    /// Opens a vault that a passphrase protects → [`Reply::State`].
    Unlock {
        /// The passphrase.
        passphrase: String,
    },
    /// Tries again what failed at start, such as a keyring that was locked → [`Reply::State`].
    Retry,
    /// The conversations that aren't archived, newest first, 1,000 at most → [`Reply::Conversations`].
    Conversations,
    /// A page of a list → [`Reply::Page`].
    List {
        /// Of which conversations.
        shelf: Shelf,
        /// [`ListPage::next`] of the page before; `null` for the first.
        after: Option<String>,
        /// Rows, 1,000 at most.
        limit: u32,
    },
    /// Folders, tags and models → [`Reply::Shelves`].
    Shelves,
    /// Changes where conversations are kept, all of them or none → [`Reply::Done`].
    Keep {
        /// Which.
        #[ts(type = "string[]")]
        ids: Vec<ConversationId>,
        /// How.
        keeping: Keeping,
    },
    /// Makes, renames, orders or deletes folders → [`Reply::Shelves`].
    Folder {
        /// How.
        change: FolderChange,
    },
    /// All branches of a conversation → [`Reply::Map`].
    Map {
        /// Which.
        #[ts(type = "string")]
        id: ConversationId,
    },
    /// Deletes a message with all that follows it, for good → [`Reply::Conversation`].
    DeleteBranch {
        /// Which conversation.
        #[ts(type = "string")]
        conversation: ConversationId,
        /// The first message to go.
        #[ts(type = "string")]
        message: MessageId,
    },
    /// Shows the newest branch that runs through `message` and deletes all others for good → [`Reply::Conversation`].
    KeepBranch {
        /// Which conversation.
        #[ts(type = "string")]
        conversation: ConversationId,
        /// A message of the branch.
        #[ts(type = "string")]
        message: MessageId,
    },
    /// One conversation with its current branch → [`Reply::Conversation`].
    Conversation {
        /// Which.
        #[ts(type = "string")]
        id: ConversationId,
    },
    /// Makes an empty conversation → [`Reply::Conversation`].
    NewConversation,
    /// Gives a conversation a title → [`Reply::Done`].
    Rename {
        /// Which.
        #[ts(type = "string")]
        id: ConversationId,
        /// The new title, not empty.
        title: String,
    },
    /// Deletes a conversation for good → [`Reply::Done`].
    Delete {
        /// Which.
        #[ts(type = "string")]
        id: ConversationId,
    },
    /// Searches titles and messages → [`Reply::Found`].
    Search {
        /// Words as the person typed them.
        query: String,
        /// Where.
        within: Within,
    },
    /// Shows the newest branch that runs through `message` → [`Reply::Conversation`].
    ChooseBranch {
        /// Which conversation.
        #[ts(type = "string")]
        conversation: ConversationId,
        /// A message of the wanted branch.
        #[ts(type = "string")]
        message: MessageId,
    },
    /// Sets what becomes of a conversation's beginning when the model's context no longer holds it → [`Reply::Done`].
    SetOverflow {
        /// Which conversation.
        #[ts(type = "string")]
        conversation: ConversationId,
        /// What becomes of it from the next answer on.
        #[ts(type = "\"drop\" | \"summarize\"")]
        overflow: Overflow,
    },
    /// Asks a question → [`Reply::Turn`]; the answer arrives as [`super::Event::Turn`]s. To edit a question, ask
    /// again with that question's own parent: the first version stays as a branch.
    Ask {
        /// Which conversation.
        #[ts(type = "string")]
        conversation: ConversationId,
        /// The message that it follows; `null` for a first one.
        #[ts(type = "string | null")]
        parent: Option<MessageId>,
        /// The question.
        text: String,
    },
    /// Answers a question again, as a further branch → [`Reply::Turn`].
    Regenerate {
        /// Which conversation.
        #[ts(type = "string")]
        conversation: ConversationId,
        /// The answer to make anew.
        #[ts(type = "string")]
        message: MessageId,
    },
    /// Stops a turn, keeping its text → [`Reply::Done`].
    Stop {
        /// Which.
        #[ts(type = "string")]
        turn: TurnId,
    },
    /// The models at hand → [`Reply::Models`].
    Models,
    /// Loads a model of the list, now and from now on → [`Reply::State`].
    UseModel {
        /// Its id, as in [`ModelCard::id`].
        id: String,
    },
    /// Adds a model file, used in place, after checking it → [`Reply::Models`].
    AddModel {
        /// The file's path.
        path: String,
    },
    /// Sets the window's colors → [`Reply::State`].
    SetTheme {
        /// The theme.
        theme: Theme,
    },
    /// Sets how the engine uses this machine → [`Reply::State`].
    Tune {
        /// How.
        tuning: Tuning,
    },
    /// Conversations in and out of the vault.
    Exchange {
        /// What of it.
        what: ExchangeCall,
    },
    /// How fast the chosen model is on this machine; takes a while → [`Reply::Bench`].
    Bench,
    /// What this machine has and what of it is used, in plain words → [`Reply::Doctor`].
    Doctor,
    /// Backups, and the ways out when the vault is in trouble → [`Reply::Safety`].
    Safety {
        /// What.
        what: SafetyCall,
    },
    /// Changes the ways into the vault, or locks it → what [`KeysCall`] says.
    Keys {
        /// How.
        what: KeysCall,
    },
    /// Keeps texts that were typed and not yet sent → what [`DraftsCall`] says.
    Drafts {
        /// How.
        what: DraftsCall,
    },
}

/// The answer to a [`Call`].
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Reply {
    /// It is done; nothing to tell.
    Done,
    /// The state of everything.
    State(AppState),
    /// All conversations, newest first.
    Conversations(Vec<ConversationRow>),
    /// One conversation with its current branch.
    Conversation(ConversationView),
    /// What was found.
    Found(FoundView),
    /// A page of a list.
    Page(ListPage),
    /// Folders, tags and models.
    Shelves(Shelves),
    /// All branches of a conversation.
    Map(MapView),
    /// A turn began. The conversation already holds the question and the empty answer.
    Turn {
        /// The turn.
        #[ts(type = "string")]
        turn: TurnId,
        /// The conversation with its new branch.
        view: ConversationView,
    },
    /// The models at hand.
    Models(Vec<ModelCard>),
    /// What an import does, or did.
    Import(ImportView),
    /// What was exported.
    Export(ExportView),
    /// How fast the model is.
    Bench(BenchView),
    /// The doctor's report.
    Doctor(Vec<DoctorLine>),
    /// How safe the vault is.
    Safety(SafetyView),
    /// The words of a recovery phrase, in order.
    Phrase(Vec<String>),
    /// Texts that were typed and not yet sent.
    Drafts(Vec<DraftView>),
}

/// Why a [`Call`] failed. Hosts go by `code`; `message` is for people, in English.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{message}")]
#[ts(export)]
pub struct Failure {
    /// A stable word, such as `vault.full`.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
}

impl Call {
    /// Whether asking twice does no more than asking once.
    pub(crate) fn may_be_repeated(&self) -> bool {
        !matches!(
            self,
            Self::Protect { .. }
                | Self::NewConversation
                | Self::Delete { .. }
                | Self::Folder { .. }
                | Self::DeleteBranch { .. }
                | Self::KeepBranch { .. }
                | Self::Exchange { .. }
                | Self::Ask { .. }
                | Self::Regenerate { .. }
                | Self::Safety { .. }
                | Self::Keys { .. }
        )
    }
}
