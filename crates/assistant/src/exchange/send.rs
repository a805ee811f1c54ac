//! Exports.

use std::{collections::HashMap, path::PathBuf, sync::Arc, sync::atomic::Ordering};

use tandem_conversation::ConversationId;
use tandem_exchange::{
    Attachment, Content, Conversation, ExchangeError, Format, LeftOut, Message, Target, Writer,
    Written,
};
use tandem_vault::Vault;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Progress, blocking};
use crate::{
    assistant::Assistant,
    conversations::now_ms,
    wire::{ExportFormat, ExportView, Failure},
};

/// Characters of a passphrase at least, as for a vault.
const SHORTEST: usize = 8;
/// Conversations that are read ahead of what is written.
const AHEAD: usize = 2;

/// What is to be exported, and how.
pub(crate) struct Order {
    pub(crate) path: PathBuf,
    pub(crate) format: ExportFormat,
    pub(crate) passphrase: Option<String>,
    pub(crate) conversation: Option<ConversationId>,
    pub(crate) overwrite: bool,
}

/// Writes one conversation or all, archived ones included, the oldest first.
pub(crate) async fn export(assistant: &Assistant, order: Order) -> Result<ExportView, Failure> {
    check(&order)?;
    let vault = assistant.vault()?;
    let turn = assistant.exchange.begin()?;
    let mut ids = match order.conversation {
        Some(id) => vec![id],
        None => vault.ids().await?,
    };
    // Ids are by date.
    ids.sort_unstable();
    let folders: HashMap<Uuid, String> = vault
        .folders()
        .await?
        .into_iter()
        .map(|folder| (folder.id, folder.name))
        .collect();
    let format = match order.format {
        ExportFormat::Archive => Format::Archive,
        ExportFormat::Json => Format::Json,
        ExportFormat::Markdown => Format::Markdown {
            one: order.conversation.is_some(),
        },
    };
    let (give, mut take) = mpsc::channel::<Conversation>(AHEAD);
    let ended = Arc::clone(&turn.ended);
    let path = order.path.clone();
    let writing = tokio::spawn(blocking(
        move || -> Result<Option<Written>, ExchangeError> {
            let target = Target::new(&order.path, order.overwrite)?;
            let mut writer = Writer::begin(target, format, order.passphrase.as_deref(), now_ms())?;
            while let Some(conversation) = take.blocking_recv() {
                writer.add(&conversation, &mut |key| {
                    // All bytes come along.
                    Err(ExchangeError::Attachment(format!("{key} is missing")))
                })?;
            }
            if ended.load(Ordering::Relaxed) {
                return Ok(None);
            }
            writer.finish().map(Some)
        },
    ));
    let mut progress = Progress::new(assistant);
    let mut failed = None;
    for id in ids {
        if turn.is_ended() {
            break;
        }
        match conversation(&vault, id, &folders, format == Format::Archive).await {
            Ok(found) => {
                if give.send(found).await.is_err() {
                    // The writer's own error follows.
                    break;
                }
                progress.one_more();
            }
            // One that was deleted meanwhile is no part of it.
            Err(error) if error.code == "vault.no-conversation" && order.conversation.is_none() => {
            }
            Err(error) => {
                // Half an export is none: the file is dropped.
                turn.ended.store(true, Ordering::Relaxed);
                failed = Some(error);
                break;
            }
        }
    }
    drop(give);
    let written = writing
        .await
        .map_err(|error| Failure::new("exchange.broken", error.to_string()))?;
    if let Some(failed) = failed {
        return Err(failed);
    }
    let written = written?.ok_or_else(|| {
        Failure::new(
            "exchange.cancelled",
            "The export was ended; no file was written.",
        )
    })?;
    Ok(ExportView {
        path: path.to_string_lossy().into_owned(),
        conversations: written.conversations,
        messages: written.messages,
        attachments: written.attachments,
    })
}

fn check(order: &Order) -> Result<(), Failure> {
    let Some(passphrase) = &order.passphrase else {
        return Ok(());
    };
    if order.format != ExportFormat::Archive {
        return Err(Failure::new(
            "exchange.seal",
            "Only an archive can be sealed. Choose the archive, or leave the passphrase empty.",
        ));
    }
    if passphrase.chars().count() < SHORTEST {
        return Err(Failure::new(
            "exchange.passphrase-short",
            "The passphrase needs at least eight characters.",
        ));
    }
    Ok(())
}

/// A conversation as it is written, with the bytes of its attachments where they are wanted.
pub(super) async fn conversation(
    vault: &Vault,
    id: ConversationId,
    folders: &HashMap<Uuid, String>,
    with_bytes: bool,
) -> Result<Conversation, Failure> {
    let (row, messages) = vault.conversation(id).await?;
    let overflow = vault.overflow(id).await?;
    let mut attachments: HashMap<_, Vec<Attachment>> = HashMap::new();
    for attachment in vault.attachments(id).await? {
        let content = if with_bytes {
            Content::Bytes(vault.attachment(attachment.id).await?)
        } else {
            Content::Stored {
                key: attachment.id.to_string(),
                bytes: attachment.bytes,
            }
        };
        attachments
            .entry(attachment.message)
            .or_default()
            .push(Attachment {
                name: attachment.name,
                mime: attachment.mime,
                content,
            });
    }
    let places: HashMap<_, _> = messages
        .iter()
        .enumerate()
        .map(|(at, message)| (message.id, at))
        .collect();
    let place = |id| places.get(&id).copied();
    let leaf = row.leaf.and_then(place);
    let messages = messages
        .into_iter()
        .enumerate()
        .map(|(at, message)| Message {
            id: message.id.to_string(),
            // A parent is appended before what follows it.
            parent: message.parent.and_then(place).filter(|&parent| parent < at),
            role: message.role,
            text: message.text,
            created_ms: message.created_ms,
            model: message
                .receipt
                .as_ref()
                .map(|receipt| receipt.model.clone()),
            state: message.state,
            receipt: message.receipt,
            attachments: attachments.remove(&message.id).unwrap_or_default(),
        });
    Ok(Conversation {
        messages: messages.collect(),
        id: row.id.to_string(),
        title: row.title,
        created_ms: row.created_ms,
        updated_ms: row.updated_ms,
        folder: row.folder.and_then(|folder| folders.get(&folder).cloned()),
        tags: row.tags,
        pinned: row.pinned,
        archived: row.archived,
        overflow,
        leaf,
        left_out: LeftOut::default(),
    })
}
