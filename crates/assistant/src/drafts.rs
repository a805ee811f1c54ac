//! Texts that were typed and not yet sent.

use crate::{
    assistant::Assistant,
    wire::{DraftView, DraftsCall, Failure, Reply},
};

/// Does what a host asks of them.
pub(crate) async fn call(assistant: &Assistant, call: DraftsCall) -> Result<Reply, Failure> {
    let vault = assistant.vault()?;
    match call {
        DraftsCall::All => {
            let drafts = vault.drafts().await?.into_iter().map(|draft| DraftView {
                conversation: draft.conversation,
                text: draft.text,
            });
            Ok(Reply::Drafts(drafts.collect()))
        }
        DraftsCall::Keep { conversation, text } => {
            vault.set_draft(conversation, &text).await?;
            Ok(Reply::Done)
        }
    }
}
