//! The turns that run now: begun, stopped, looked up.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tandem_conversation::{
    ConversationId, Message, MessageId, MessageState, Role, SYSTEM_PROMPT, Summary, Tree, TurnId,
    assemble, turn::Event as Happened,
};
use tandem_vault::Vault;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::{
    assistant::Assistant,
    conversations::{self, now_ms},
    drive::{Drive, Plan},
    input,
    wire::{ConversationView, Event, Failure, Notice, TurnStep},
};

/// The turns that run now. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<TurnId, Running>>>);

struct Running {
    conversation: ConversationId,
    answer: MessageId,
    text: Arc<Mutex<String>>,
    happened: mpsc::UnboundedSender<Happened>,
    ended: watch::Receiver<bool>,
}

impl Turns {
    /// Asks a question after `parent`.
    pub(crate) async fn ask(
        &self,
        assistant: &Assistant,
        conversation: ConversationId,
        parent: Option<MessageId>,
        typed: &str,
    ) -> Result<(TurnId, ConversationView), Failure> {
        let question = input::question(typed)?;
        let vault = assistant.vault()?;
        let (row, messages) = vault.conversation(conversation).await?;
        let tree = Tree::new(messages);
        let message = Message {
            id: MessageId(Uuid::now_v7()),
            conversation,
            parent,
            role: Role::User,
            text: question.text,
            state: MessageState::Complete,
            created_ms: now_ms(),
            receipt: None,
        };
        let mut path = match parent {
            Some(parent) => tree.path(parent)?,
            None => vec![],
        };
        let summary = last_summary(&path);
        path.push(&message);
        let prompt = assemble(SYSTEM_PROMPT, path);
        let title = row
            .title
            .is_empty()
            .then(|| input::first_title(&message.text));
        let plan = Plan {
            answer: answer_to(message.id, conversation),
            question: Some(message),
            prompt,
            title,
            overflow: vault.overflow(conversation).await?,
            summary,
        };
        let begun = self.begin(assistant, &vault, plan).await?;
        if question.removed > 0 {
            let message = match question.removed {
                1 => "One invisible control character was left out of the question.".to_owned(),
                n => format!("{n} invisible control characters were left out of the question."),
            };
            self.note(
                assistant,
                begun.0,
                Notice {
                    code: "ask.cleaned".into(),
                    message,
                },
            );
        }
        Ok(begun)
    }

    /// Answers the question of `answer` again.
    pub(crate) async fn regenerate(
        &self,
        assistant: &Assistant,
        conversation: ConversationId,
        answer: MessageId,
    ) -> Result<(TurnId, ConversationView), Failure> {
        let vault = assistant.vault()?;
        let tree = Tree::new(vault.conversation(conversation).await?.1);
        let asked = tree.get(answer)?;
        let question = match (asked.role, asked.parent) {
            (Role::User, _) => asked.id,
            (_, Some(parent)) => parent,
            _ => {
                return Err(Failure::new(
                    "conversation.no-message",
                    "This answer has no question.",
                ));
            }
        };
        let path = tree.path(question)?;
        let plan = Plan {
            question: None,
            answer: answer_to(question, conversation),
            summary: last_summary(&path),
            prompt: assemble(SYSTEM_PROMPT, path),
            title: None,
            overflow: vault.overflow(conversation).await?,
        };
        self.begin(assistant, &vault, plan).await
    }

    async fn begin(
        &self,
        assistant: &Assistant,
        vault: &Arc<Vault>,
        plan: Plan,
    ) -> Result<(TurnId, ConversationView), Failure> {
        let turn = TurnId(Uuid::now_v7());
        let conversation = plan.answer.conversation;
        let text = Arc::new(Mutex::new(String::new()));
        let (happened, inbox) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(false);
        {
            let mut turns = self.lock_map();
            if turns
                .values()
                .any(|running| running.conversation == conversation)
            {
                let message = "The last answer is still being written. Stop it or wait for its end; your text is kept.";
                return Err(Failure::new("ask.busy", message));
            }
            let running = Running {
                conversation,
                answer: plan.answer.id,
                text: Arc::clone(&text),
                happened,
                ended,
            };
            turns.insert(turn, running);
        }
        let (persisted_in, persisted) = oneshot::channel();
        let drive = Drive::new(assistant.clone(), Arc::clone(vault), turn, plan, text);
        let turns = self.clone();
        tokio::spawn(async move {
            drive.run(inbox, persisted_in).await;
            turns.lock_map().remove(&turn);
            end.send_replace(true);
        });
        let gone = || {
            Failure::new(
                "turn.gone",
                "The question could not be stored. Your text is kept.",
            )
        };
        persisted.await.map_err(|_| gone())??;
        let view = conversations::view(vault, self, conversation).await?;
        Ok((turn, view))
    }

    /// Stops a turn, keeping its text.
    pub(crate) fn stop(&self, turn: TurnId) {
        self.happen(turn, Happened::Cancel);
    }

    /// Ends every turn as the vault is being closed, and waits until they are stored.
    pub(crate) async fn lock(&self) {
        let ends: Vec<_> = self
            .lock_map()
            .values()
            .map(|running| (running.happened.clone(), running.ended.clone()))
            .collect();
        wait(ends, &Happened::Lock).await;
    }

    /// Whether a turn runs.
    pub(crate) fn any(&self) -> bool {
        !self.lock_map().is_empty()
    }

    /// Waits until no turn runs.
    pub(crate) async fn idle(&self) {
        loop {
            let next = self
                .lock_map()
                .values()
                .map(|running| running.ended.clone())
                // A turn whose sender is gone has ended, too.
                .find(|ended| !*ended.borrow() && ended.has_changed().is_ok());
            let Some(mut ended) = next else { return };
            let _ = ended.wait_for(|ended| *ended).await;
        }
    }

    /// Stops what is being answered in a conversation and waits for its end.
    pub(crate) async fn end_conversation(&self, conversation: ConversationId) {
        let ends: Vec<_> = {
            let turns = self.lock_map();
            let of = turns
                .values()
                .filter(|running| running.conversation == conversation);
            of.map(|running| (running.happened.clone(), running.ended.clone()))
                .collect()
        };
        wait(ends, &Happened::Cancel).await;
    }

    /// The turn that runs in a conversation, its answer, and that answer's text so far.
    pub(crate) fn in_conversation(
        &self,
        conversation: ConversationId,
    ) -> Option<(TurnId, MessageId, String)> {
        let turns = self.lock_map();
        let (turn, running) = turns
            .iter()
            .find(|(_, running)| running.conversation == conversation)?;
        let text = running
            .text
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Some((*turn, running.answer, text))
    }

    fn note(&self, assistant: &Assistant, turn: TurnId, notice: Notice) {
        if let Some(running) = self.lock_map().get(&turn) {
            let (conversation, message) = (running.conversation, running.answer);
            assistant.tell(Event::Turn {
                turn,
                conversation,
                message,
                step: TurnStep::Notice { notice },
            });
        }
    }

    fn happen(&self, turn: TurnId, event: Happened) {
        if let Some(running) = self.lock_map().get(&turn) {
            // A turn that has just ended needs no telling.
            let _ = running.happened.send(event);
        }
    }

    fn lock_map(&self) -> MutexGuard<'_, HashMap<TurnId, Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn wait(
    ends: Vec<(mpsc::UnboundedSender<Happened>, watch::Receiver<bool>)>,
    event: &Happened,
) {
    for (happened, mut ended) in ends {
        // As above.
        let _ = happened.send(event.clone());
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

/// The summary that the last answer of the path was given.
fn last_summary(path: &[&Message]) -> Option<Summary> {
    let mut receipts = path
        .iter()
        .rev()
        .filter_map(|message| message.receipt.as_ref());
    receipts.next()?.summary.clone()
}

fn answer_to(question: MessageId, conversation: ConversationId) -> Message {
    Message {
        id: MessageId(Uuid::now_v7()),
        conversation,
        parent: Some(question),
        role: Role::Assistant,
        text: String::new(),
        state: MessageState::Streaming,
        created_ms: now_ms(),
        receipt: None,
    }
}
