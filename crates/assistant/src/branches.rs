//! All branches of a conversation, and deleting some for good.

use tandem_conversation::{ConversationId, MessageId, Tree};
use tandem_vault::Vault;

use crate::{
    assistant::Assistant,
    conversations,
    wire::{ConversationView, Event, Failure, MapNode, MapView},
};

/// All branches of a conversation.
pub(crate) async fn map(vault: &Vault, id: ConversationId) -> Result<MapView, Failure> {
    let (row, mut messages) = vault.conversation(id).await?;
    // As versions are ordered everywhere.
    messages.sort_by_key(|message| message.id);
    let tree = Tree::new(messages.clone());
    let shown: Vec<MessageId> = match row.leaf {
        Some(leaf) => tree.path(leaf)?.iter().map(|message| message.id).collect(),
        None => vec![],
    };
    let nodes = messages.into_iter().map(|message| MapNode {
        shown: shown.contains(&message.id),
        id: message.id,
        parent: message.parent,
        role: message.role,
        text: message.text,
    });
    Ok(MapView {
        id,
        nodes: nodes.collect(),
    })
}

/// Deletes a message with all that follows it, for good, stopping what is being answered in the conversation.
pub(crate) async fn delete(
    assistant: &Assistant,
    id: ConversationId,
    message: MessageId,
) -> Result<ConversationView, Failure> {
    assistant.turns.end_conversation(id).await;
    let done = assistant.vault()?.delete_branch(id, message).await;
    forget(assistant, id).await?;
    done?;
    shown(assistant, id).await
}

/// Keeps the newest branch through `message` alone, likewise.
pub(crate) async fn keep(
    assistant: &Assistant,
    id: ConversationId,
    message: MessageId,
) -> Result<ConversationView, Failure> {
    assistant.turns.end_conversation(id).await;
    let vault = assistant.vault()?;
    let tree = Tree::new(vault.conversation(id).await?.1);
    let done = vault.keep_branch(id, tree.newest_leaf(message)?).await;
    forget(assistant, id).await?;
    done?;
    shown(assistant, id).await
}

/// What the engine computed of the conversation holds what was deleted.
async fn forget(assistant: &Assistant, id: ConversationId) -> Result<(), Failure> {
    let states = assistant.vault()?.states();
    if let Err(error) = tokio::task::spawn_blocking(move || states.forget(id)).await {
        tracing::error!(%error, "a conversation's state could not be removed");
    }
    assistant.engine.forget(id);
    Ok(())
}

async fn shown(assistant: &Assistant, id: ConversationId) -> Result<ConversationView, Failure> {
    assistant.tell(Event::Conversations);
    conversations::view(&*assistant.vault()?, &assistant.turns, id).await
}
