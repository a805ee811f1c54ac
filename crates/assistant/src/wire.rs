//! What crosses between the assistant and a host: [`Call`]s in, [`Reply`]s or a [`Failure`] out, and [`Event`]s
//! at any time. The TypeScript of the window is generated from here, and the socket between processes carries
//! the same types, so there is one schema for all.

mod call;
mod event;
mod exchange;
mod history;
mod keys;
mod safety;
mod state;
mod view;

pub use tandem_conversation::{ConversationId, MessageId, MessageState, Overflow, Role, TurnId};

pub use call::{Call, Failure, Protection, Reply};
pub use event::{Event, Notice, TurnStep};
pub use exchange::{
    AttachmentView, ExchangeCall, ExportFormat, ExportView, ImportView, LeftOutView,
};
pub use history::{
    FolderChange, FolderView, FoundView, Keeping, ListPage, MapNode, MapView, Shelf, Shelves,
    TagView, Within,
};
pub use keys::{DraftView, DraftsCall, KeysCall, KeysView, PhraseState, PhraseWord};
pub use safety::{BackupRow, SafetyCall, SafetyView};
pub use state::{AppState, EngineState, Keyring, Theme, Tuning, VaultState};
pub use view::{
    BenchView, BranchPoint, ConversationRow, ConversationView, DoctorLine, MessageView, ModelCard,
    Outcome, ReceiptView, SearchHit, Snippet, Speeds, SummaryView,
};
