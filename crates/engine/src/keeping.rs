//! Which conversations the engine holds, and when what it computed of them goes to the shelf.

use std::{sync::Arc, time::Duration};

use tandem_conversation::{ConversationId, Generated};
use tandem_protocol::{Event, Request, STATE_PART, StatePart};
use uuid::Uuid;

use crate::{EngineError, Shelf, actor::Actor};

/// Conversations that an engine is taken to hold; it may have dropped older ones.
const HELD: usize = 4;
/// A conversation that is read again sooner than this isn't worth a file.
const WORTH: Duration = Duration::from_millis(400);
/// Between two parts of a state.
const PART: Duration = Duration::from_secs(20);

/// What is known of the engine's conversations.
#[derive(Default)]
pub(crate) struct Keeping {
    shelf: Option<Arc<dyn Shelf>>,
    /// The one used last is the last.
    held: Vec<ConversationId>,
    unsaved: Vec<ConversationId>,
    /// Microseconds that a token of a prompt takes.
    read_us: Option<u64>,
}

impl Keeping {
    pub(crate) fn keep_on(&mut self, shelf: Option<Arc<dyn Shelf>>) {
        self.shelf = shelf;
    }

    pub(crate) fn engine_ended(&mut self) {
        self.held.clear();
        self.unsaved.clear();
    }

    fn forget(&mut self, conversation: ConversationId) {
        self.held.retain(|&held| held != conversation);
        self.unsaved.retain(|&unsaved| unsaved != conversation);
        if let Some(shelf) = self.shelf.clone() {
            tokio::task::spawn_blocking(move || shelf.forget(conversation));
        }
    }

    /// The engine has answered in a conversation.
    pub(crate) fn answered(
        &mut self,
        conversation: ConversationId,
        spent: &Generated,
        read_us: u64,
    ) {
        let new = u64::from(spent.prompt_tokens.saturating_sub(spent.reused_tokens));
        if new >= 32 {
            self.read_us = Some(read_us / new);
        }
        self.unsaved.retain(|&unsaved| unsaved != conversation);
        let tokens = u64::from(spent.prompt_tokens) + u64::from(spent.tokens);
        let again = Duration::from_micros(tokens * self.read_us.unwrap_or(0));
        if self.shelf.is_some() && again >= WORTH {
            self.unsaved.push(conversation);
        }
    }

    fn holds(&mut self, conversation: ConversationId) -> bool {
        let held = self.held.contains(&conversation);
        self.held.retain(|&other| other != conversation);
        self.held.push(conversation);
        if self.held.len() > HELD {
            self.held.remove(0);
        }
        held
    }
}

impl Actor {
    /// A conversation is gone for good.
    pub(crate) fn forget_conversation(&mut self, conversation: ConversationId) {
        self.keeping.forget(conversation);
        if let Some(process) = &mut self.process {
            process.send(&Request::Forget {
                conversation: conversation.0.as_u128(),
            });
        }
    }

    /// Hands the engine what the shelf has of a conversation, unless it holds it. Whatever goes wrong, the conversation is
    /// read again.
    pub(crate) async fn bring(&mut self, conversation: ConversationId) -> Result<(), EngineError> {
        if self.keeping.holds(conversation) {
            return Ok(());
        }
        let (Some(shelf), Some(binding)) = (self.keeping.shelf.clone(), self.binding()) else {
            return Ok(());
        };
        let found = tokio::task::spawn_blocking(move || shelf.get(conversation, &binding)).await;
        let Ok(Some(state)) = found else {
            return Ok(());
        };
        let parts = state.chunks(STATE_PART).count();
        let requests = state.chunks(STATE_PART).enumerate().map(|(part, bytes)| {
            Request::Restore(StatePart {
                conversation: conversation.0.as_u128(),
                bytes: bytes.to_vec(),
                last: part + 1 == parts,
            })
        });
        let requests: Vec<_> = requests.collect();
        self.running()?.deliver(requests).await
    }

    /// Puts on the shelf what isn't there yet.
    pub(crate) async fn save_all(&mut self) {
        for conversation in std::mem::take(&mut self.keeping.unsaved) {
            if let Err(error) = self.save(conversation).await {
                tracing::warn!(%error, "a conversation's state was not kept");
                return;
            }
        }
    }

    async fn save(&mut self, conversation: ConversationId) -> Result<(), EngineError> {
        let (Some(shelf), Some(binding)) = (self.keeping.shelf.clone(), self.binding()) else {
            return Ok(());
        };
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        process.send(&Request::Save {
            conversation: conversation.0.as_u128(),
        });
        let mut state = vec![];
        loop {
            if let Event::State(part) = self.event(PART).await?
                && Uuid::from_u128(part.conversation) == conversation.0
            {
                state.extend(part.bytes);
                if part.last {
                    break;
                }
            }
        }
        if state.is_empty() {
            return Ok(());
        }
        let kept =
            tokio::task::spawn_blocking(move || shelf.put(conversation, &binding, &state)).await;
        kept.map_err(|error| EngineError::Start(error.to_string()))
    }

    /// What states depend on: they are of no use to another engine, model, adapter or context.
    fn binding(&self) -> Option<String> {
        let (process, model, ready) = (
            self.process.as_ref()?,
            self.model.as_ref()?,
            self.loaded.as_ref()?,
        );
        Some(format!(
            "{}\n{}\n{}",
            process.greeting().build,
            model.identity(),
            ready.context
        ))
    }
}
