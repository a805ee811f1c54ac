//! An answer whose end could not be stored, because the disk was full or away: it is tried again until it can be.

use std::{sync::Arc, time::Duration};

use tandem_conversation::Message;
use tandem_vault::{Vault, VaultError};

/// Time between two attempts.
const PAUSE: Duration = Duration::from_secs(5);

/// Stores the end of an answer as soon as there is room, for as long as the vault is open.
pub(crate) async fn store_later(vault: Arc<Vault>, answer: Message) {
    loop {
        tokio::time::sleep(PAUSE).await;
        let stored = vault
            .finish(
                answer.id,
                &answer.text,
                answer.state,
                answer.receipt.as_ref(),
            )
            .await;
        match stored {
            Ok(()) => return tracing::info!("an answer that could not be stored is stored now"),
            Err(VaultError::Full { .. } | VaultError::Io { .. } | VaultError::ReadOnly { .. }) => {}
            // Deleted meanwhile, or the vault is closed: the next start keeps what was stored of it.
            Err(error) => return tracing::debug!(code = error.code(), "an answer is not stored"),
        }
    }
}
