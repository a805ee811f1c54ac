//! Conversations as hosts show them.

use std::time::{SystemTime, UNIX_EPOCH};

use tandem_conversation::{ConversationId, Message, MessageId, Overflow, Receipt, Route, Tree};
use tandem_vault::{Shelf, Vault};
use uuid::Uuid;

use crate::{
    assistant::Assistant,
    history, input,
    turns::Turns,
    wire::{
        AttachmentView, BranchPoint, ConversationRow, ConversationView, Event, Failure,
        MessageView, ReceiptView, SummaryView,
    },
};

/// Rows of a list without pages.
const LISTED: u32 = 1_000;

/// The conversations that aren't archived, newest first, 1,000 at most.
pub(crate) async fn all(vault: &Vault) -> Result<Vec<ConversationRow>, Failure> {
    let page = vault.page(&Shelf::default(), None, LISTED).await?;
    Ok(page.rows.into_iter().map(history::row).collect())
}

/// Makes an empty conversation.
pub(crate) async fn create(assistant: &Assistant) -> Result<ConversationView, Failure> {
    let id = ConversationId(Uuid::now_v7());
    assistant.vault()?.create_conversation(id, now_ms()).await?;
    assistant.tell(Event::Conversations);
    Ok(ConversationView {
        id,
        title: String::new(),
        messages: vec![],
        overflow: Overflow::default(),
        turn: None,
    })
}

/// One conversation with its current branch.
pub(crate) async fn view(
    vault: &Vault,
    turns: &Turns,
    id: ConversationId,
) -> Result<ConversationView, Failure> {
    let (row, messages) = vault.conversation(id).await?;
    let tree = Tree::new(messages);
    let path = match row.leaf {
        Some(leaf) => tree.path(leaf)?,
        None => vec![],
    };
    let mut views = path
        .into_iter()
        .map(|message| message_view(&tree, message))
        .collect::<Result<Vec<_>, _>>()?;
    for row in vault.attachments(id).await? {
        if let Some(view) = views.iter_mut().find(|view| view.id == row.message) {
            view.attachments.push(AttachmentView {
                id: row.id,
                name: row.name,
                mime: row.mime,
                bytes: row.bytes,
            });
        }
    }
    let running = turns.in_conversation(id);
    if let Some((_, answer, text)) = &running
        && let Some(view) = views.iter_mut().find(|view| view.id == *answer)
    {
        // What is on disk lags behind what was shown.
        view.text.clone_from(text);
    }
    Ok(ConversationView {
        id,
        title: row.title,
        messages: views,
        overflow: vault.overflow(id).await?,
        turn: running.map(|(turn, ..)| turn),
    })
}

/// A message as shown.
pub(crate) fn message_view(tree: &Tree, message: &Message) -> Result<MessageView, Failure> {
    let versions = tree.siblings(message.id)?.to_vec();
    let index = versions
        .iter()
        .position(|&id| id == message.id)
        .unwrap_or_default();
    Ok(MessageView {
        id: message.id,
        parent: message.parent,
        role: message.role,
        text: message.text.clone(),
        attachments: Vec::new(),
        state: message.state,
        created_ms: message.created_ms,
        branch: BranchPoint {
            versions,
            index: u32::try_from(index).unwrap_or_default(),
        },
        receipt: message.receipt.as_ref().map(receipt_view),
    })
}

fn receipt_view(receipt: &Receipt) -> ReceiptView {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of one answer")]
    let seconds = receipt.generate_ms as f32 / 1000.0;
    #[expect(clippy::cast_precision_loss, reason = "tokens of one answer")]
    let rate =
        (receipt.tokens > 1 && receipt.generate_ms > 0).then(|| receipt.tokens as f32 / seconds);
    ReceiptView {
        route: match receipt.route {
            Route::Device => "device".into(),
            Route::Imported => "imported".into(),
        },
        reason: receipt.reason.clone(),
        model: receipt.model.clone(),
        prompt_tokens: receipt.prompt_tokens,
        tokens: receipt.tokens,
        accepted_tokens: receipt.accepted_tokens,
        first_token_ms: u32::try_from(receipt.prompt_ms).unwrap_or(u32::MAX),
        tokens_per_second: rate,
        reused_tokens: receipt.reused_tokens,
        unseen_messages: receipt.unseen_messages,
        summary: receipt.summary.as_ref().map(|summary| SummaryView {
            messages: summary.messages,
            text: summary.text.clone(),
        }),
    }
}

/// Gives a conversation a title.
pub(crate) async fn rename(
    assistant: &Assistant,
    id: ConversationId,
    typed: &str,
) -> Result<(), Failure> {
    assistant.vault()?.rename(id, &input::title(typed)?).await?;
    assistant.tell(Event::Conversations);
    Ok(())
}

/// Deletes a conversation for good, stopping what is being answered in it.
pub(crate) async fn delete(assistant: &Assistant, id: ConversationId) -> Result<(), Failure> {
    let vault = assistant.vault()?;
    assistant.turns.end_conversation(id).await;
    vault.delete_conversation(id).await?;
    let states = vault.states();
    // Gone before it is told; the engine hears of it when it has time.
    if let Err(error) = tokio::task::spawn_blocking(move || states.forget(id)).await {
        tracing::error!(%error, "a conversation's state could not be removed");
    }
    assistant.engine.forget(id);
    assistant.tell(Event::Conversations);
    Ok(())
}

/// Shows the newest branch that runs through `message`.
pub(crate) async fn choose_branch(
    assistant: &Assistant,
    id: ConversationId,
    message: MessageId,
) -> Result<ConversationView, Failure> {
    let vault = assistant.vault()?;
    let tree = Tree::new(vault.conversation(id).await?.1);
    vault.set_leaf(id, tree.newest_leaf(message)?).await?;
    view(&vault, &assistant.turns, id).await
}

/// Milliseconds since 1970 UTC.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
