//! Where what was computed of conversations is kept while no engine holds it.

use tandem_conversation::ConversationId;

/// A place for states. They hold what people wrote: whoever keeps them seals them.
///
/// `binding` names the model, its adapters, the context and the engine's build. A state that was put under another
/// binding is never given out. Calls may block.
pub trait Shelf: Send + Sync {
    /// Keeps a conversation's state in place of the one before.
    fn put(&self, conversation: ConversationId, binding: &str, state: &[u8]);

    /// The conversation's state, whole and as it was put, or nothing.
    fn get(&self, conversation: ConversationId, binding: &str) -> Option<Vec<u8>>;

    /// Forgets a conversation's state.
    fn forget(&self, conversation: ConversationId);
}
