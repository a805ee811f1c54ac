//! What a context holds of a conversation, on its way to the host's keeping and back.

use serde::{Deserialize, Serialize};

/// Bytes of a part at most: a frame holds it with room to spare, and no one waits long behind it.
pub const STATE_PART: usize = 4 << 20;

/// A part of a conversation's state. Parts come in their order, on a stream that loses none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatePart {
    /// Which conversation.
    pub conversation: u128,
    /// The next bytes: first of the tokens, then of what was computed of them. The engine alone reads them.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
    /// Whether this is the last. A lone last part without bytes means that there is nothing.
    pub last: bool,
}
