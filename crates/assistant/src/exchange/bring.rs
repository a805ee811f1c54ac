//! Imports, and what they would bring.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    ops::ControlFlow,
    path::PathBuf,
    sync::Arc,
    sync::atomic::Ordering,
};

use tandem_conversation::{Receipt, Role, Route};
use tandem_exchange::{
    Attachment, Conversation, ExchangeError, Export, Files, Kind, LeftOut, Message, Reason, Summary,
};
use tandem_vault::{Incoming, IncomingAttachment, IncomingMessage};
use tokio::sync::mpsc;

use super::{Progress, Turn};
use crate::{
    assistant::Assistant,
    conversations::now_ms,
    wire::{Event, Failure, ImportView, LeftOutView},
};

/// Conversations that are read ahead of what is written.
const AHEAD: usize = 2;

/// What is new here.
#[derive(Default)]
struct New {
    conversations: u64,
    grown: u64,
    messages: u64,
    attachments: u64,
}

/// What an import would bring.
pub(crate) async fn look(
    assistant: &Assistant,
    path: PathBuf,
    passphrase: Option<String>,
) -> Result<ImportView, Failure> {
    let vault = assistant.vault()?;
    let turn = assistant.exchange.begin()?;
    let (mut coming, reading) = read(&turn, path, passphrase, false);
    let mut progress = Progress::new(assistant);
    let mut new = New::default();
    // One file may hold a conversation twice; the second time nothing of it is new. Digests spare memory.
    let mut seen: HashSet<u64> = HashSet::new();
    let mut failed = None;
    while let Some(incoming) = coming.recv().await {
        let known = match vault.known(&incoming.source, &incoming.id).await {
            Ok(known) => known,
            Err(error) => {
                failed = Some(error);
                break;
            }
        };
        let before = new.messages;
        for message in &incoming.messages {
            let here = known
                .as_ref()
                .is_some_and(|known| known.contains(&message.id));
            if !here && seen.insert(digest(&(&incoming.id, Some(&message.id)))) {
                new.messages += 1;
                new.attachments += message.attachments.len() as u64;
            }
        }
        let first = seen.insert(digest(&(&incoming.id, None::<&String>)));
        new.conversations += u64::from(known.is_none() && first);
        new.grown += u64::from(known.is_some() && first && new.messages > before);
        progress.one_more();
    }
    drop(coming);
    if let Some(error) = failed {
        return Err(error.into());
    }
    view(reading.await, &turn, &new)
}

fn digest(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Imports what isn't here yet.
pub(crate) async fn import(
    assistant: &Assistant,
    path: PathBuf,
    passphrase: Option<String>,
) -> Result<ImportView, Failure> {
    let vault = assistant.vault()?;
    let turn = assistant.exchange.begin()?;
    let (mut coming, reading) = read(&turn, path, passphrase, true);
    let mut progress = Progress::new(assistant);
    let mut new = New::default();
    let mut failed = None;
    while let Some(incoming) = coming.recv().await {
        match vault.import(incoming).await {
            Ok(imported) => {
                new.conversations += u64::from(imported.new);
                new.grown += u64::from(!imported.new && imported.messages > 0);
                new.messages += imported.messages;
                new.attachments += imported.attachments;
            }
            Err(error) => {
                failed = Some(Failure::from(error));
                break;
            }
        }
        progress.one_more();
    }
    drop(coming);
    if new.messages > 0 {
        assistant.tell(Event::Conversations);
    }
    let mut view = view(reading.await, &turn, &new)?;
    if failed.is_some() {
        view.cancelled = false;
        view.failure = failed;
    }
    Ok(view)
}

/// What is known when reading ended.
struct Read {
    /// What was counted; of a file that broke off, up to there.
    summary: Summary,
    error: Option<ExchangeError>,
}

type Reading = tokio::task::JoinHandle<Result<Read, ExchangeError>>;

/// Reads on a thread of its own, a little ahead of what takes the conversations.
fn read(
    turn: &Turn,
    path: PathBuf,
    passphrase: Option<String>,
    with_bytes: bool,
) -> (mpsc::Receiver<Incoming>, Reading) {
    let (give, take) = mpsc::channel(AHEAD);
    let ended = Arc::clone(&turn.ended);
    let reading = tokio::task::spawn_blocking(move || {
        let export = Export::open(&path, passphrase.as_deref(), now_ms())?;
        let mut told = Summary {
            kind: Kind::Tandem,
            conversations: 0,
            messages: 0,
            branches: 0,
            attachments: 0,
            left_out: LeftOut::default(),
            stopped: false,
        };
        let mut lost = LeftOut::default();
        let read = export.read(&mut |kind, conversation, files| {
            if ended.load(Ordering::Relaxed) {
                return ControlFlow::Break(());
            }
            told.kind = kind;
            told.conversations += 1;
            told.branches += conversation.branches();
            told.left_out.absorb(&conversation.left_out);
            let files = with_bytes.then_some(files);
            let incoming = incoming(kind, conversation, files, &mut lost);
            // Nobody takes it any more when something failed there.
            match give.blocking_send(incoming) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        let (mut summary, error) = match read {
            Ok(summary) => (summary, None),
            // What was taken before is worth telling.
            Err(error) if told.conversations > 0 => (told, Some(error)),
            Err(error) => return Err(error),
        };
        summary.left_out.absorb(&lost);
        Ok(Read { summary, error })
    });
    (take, reading)
}

fn view(
    read: Result<Result<Read, ExchangeError>, tokio::task::JoinError>,
    turn: &Turn,
    new: &New,
) -> Result<ImportView, Failure> {
    let read = read.map_err(|error| Failure::new("exchange.broken", error.to_string()))??;
    let left_out = read
        .summary
        .left_out
        .iter()
        .map(|(reason, count)| LeftOutView {
            code: reason.code().into(),
            text: reason.words().into(),
            count,
        });
    Ok(ImportView {
        source: read.summary.kind.name().into(),
        conversations: read.summary.conversations,
        new_conversations: new.conversations,
        grown: new.grown,
        messages: new.messages,
        branches: read.summary.branches,
        attachments: new.attachments,
        left_out: left_out.collect(),
        cancelled: turn.is_ended(),
        failure: read.error.map(Failure::from),
    })
}

/// What the vault is given of a conversation; without `files`, for a look, attachments come without their bytes.
pub(super) fn incoming(
    kind: Kind,
    conversation: Conversation,
    files: Option<&Files>,
    lost: &mut LeftOut,
) -> Incoming {
    let messages = conversation.messages.into_iter().map(|message| {
        let receipt = receipt(&message);
        let attachments = message
            .attachments
            .into_iter()
            .filter_map(|attachment| attached(attachment, files, lost));
        IncomingMessage {
            attachments: attachments.collect(),
            id: message.id,
            parent: message.parent,
            role: message.role,
            text: message.text,
            state: message.state,
            created_ms: message.created_ms,
            receipt,
        }
    });
    Incoming {
        messages: messages.collect(),
        source: kind.code().to_owned(),
        id: conversation.id,
        title: conversation.title,
        created_ms: conversation.created_ms,
        folder: conversation.folder,
        tags: conversation.tags,
        pinned: conversation.pinned,
        archived: conversation.archived,
        overflow: conversation.overflow,
        leaf: conversation.leaf,
    }
}

fn attached(
    attachment: Attachment,
    files: Option<&Files>,
    lost: &mut LeftOut,
) -> Option<IncomingAttachment> {
    let bytes = match files.map(|files| files.load(&attachment.content)) {
        None => Vec::new(),
        Some(Ok(bytes)) => bytes,
        Some(Err(error)) => {
            tracing::warn!(code = error.code(), "an attachment can't be read");
            lost.add(Reason::Absent);
            return None;
        }
    };
    Some(IncomingAttachment {
        name: attachment.name,
        mime: attachment.mime,
        bytes,
    })
}

/// How the message came to be: as Tandem has it, or that another assistant's model made it.
fn receipt(message: &Message) -> Option<Receipt> {
    if message.role != Role::Assistant {
        return None;
    }
    message.receipt.clone().or_else(|| {
        Some(Receipt {
            route: Route::Imported,
            reason: "imported".into(),
            model: message.model.clone()?,
            prompt_tokens: 0,
            reused_tokens: 0,
            tokens: 0,
            accepted_tokens: 0,
            prompt_ms: 0,
            generate_ms: 0,
            mean_logprob: None,
            unseen_messages: 0,
            summary: None,
        })
    })
}
