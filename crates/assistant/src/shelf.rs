//! The engine's shelf: the vault's sealed states.

use tandem_conversation::ConversationId;
use tandem_engine_client::Shelf;
use tandem_vault::States;

/// States in the vault's keeping.
pub(crate) struct Sealed(pub(crate) States);

impl Shelf for Sealed {
    fn put(&self, conversation: ConversationId, binding: &str, state: &[u8]) {
        if let Err(error) = self.0.put(conversation, binding, state) {
            tracing::warn!(code = error.code(), "a conversation's state was not kept");
        }
    }

    fn get(&self, conversation: ConversationId, binding: &str) -> Option<Vec<u8>> {
        self.0.get(conversation, binding)
    }

    fn forget(&self, conversation: ConversationId) {
        self.0.forget(conversation);
    }
}
