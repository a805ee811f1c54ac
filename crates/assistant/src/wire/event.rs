//! What the assistant tells without being asked.

use serde::{Deserialize, Serialize};
use tandem_conversation::{ConversationId, MessageId, TurnId};
use ts_rs::TS;

use super::{AppState, MessageView};

/// Something a person should know about a turn, in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Notice {
    /// A stable word, such as `engine.died`.
    pub code: String,
    /// The line, in English.
    pub message: String,
}

/// One step of a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
#[expect(
    clippy::large_enum_variant,
    reason = "the large one comes once a turn, and none is kept"
)]
pub enum TurnStep {
    /// The prompt was read; text follows.
    Started,
    /// More text. Several tokens may be joined.
    Text {
        /// Where it begins in the answer, in UTF-16 units: whoever missed a piece, or has this one already, can tell.
        at: u32,
        /// The piece.
        delta: String,
        /// Tokens generated since the answer began.
        tokens: u32,
    },
    /// Something to know.
    Notice {
        /// What.
        notice: Notice,
    },
    /// The end. The message as it is kept.
    Ended {
        /// The answer.
        message: MessageView,
    },
}

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "on", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Event {
    /// The state changed.
    State {
        /// As it is now.
        state: AppState,
    },
    /// The list of conversations changed.
    Conversations,
    /// An import or export goes on.
    Exchange {
        /// Conversations that are done.
        #[ts(type = "number")]
        done: u64,
    },
    /// Events were lost on the way: whoever shows something asks for it again.
    Missed,
    /// The vault was locked: whoever shows or holds something of it ends its page or process.
    Locked,
    /// A turn went on.
    Turn {
        /// Which.
        #[ts(type = "string")]
        turn: TurnId,
        /// In which conversation.
        #[ts(type = "string")]
        conversation: ConversationId,
        /// The answer's message.
        #[ts(type = "string")]
        message: MessageId,
        /// What happened.
        step: TurnStep,
    },
}
