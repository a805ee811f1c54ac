//! One turn in motion: the machine's effects are carried out, and what comes of them is fed back.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{Stream, StreamExt};
use tandem_conversation::{
    Drafts, Finish, Generate, GenerateEvent, GenerateFailure, Generated, Message, MessageState,
    Overflow, Prompt, PromptMessage, Receipt, Route, Sampling, Summary, Tree, TurnId,
    turn::{Effect, Event as Happened, State, step},
};
use tandem_vault::{Vault, VaultError};
use tokio::sync::{mpsc, oneshot};

use crate::{
    assistant::Assistant,
    conversations::message_view,
    failure, unsaved,
    wire::{Event, Failure, Notice, TurnStep},
};

/// Streamed text is on disk at most this much later, a slow disk's own time aside.
pub const CHECKPOINT: Duration = Duration::from_millis(150);

pub(crate) type Events = Pin<Box<dyn Stream<Item = GenerateEvent> + Send>>;

/// What a turn is to do.
pub(crate) struct Plan {
    /// To be stored first; `None` when a stored question is answered again.
    pub(crate) question: Option<Message>,
    /// The empty answer.
    pub(crate) answer: Message,
    pub(crate) prompt: Vec<PromptMessage>,
    /// The conversation's title, when the question gives it one.
    pub(crate) title: Option<String>,
    /// What becomes of the prompt's beginning when it doesn't fit.
    pub(crate) overflow: Overflow,
    /// What stood in for it before.
    pub(crate) summary: Option<Summary>,
}

pub(crate) struct Drive {
    pub(crate) assistant: Assistant,
    vault: Arc<Vault>,
    turn: TurnId,
    pub(crate) plan: Plan,
    /// The answer so far; shared with whoever looks at the conversation meanwhile.
    text: Arc<Mutex<String>>,
    /// Text that came since hosts were last told, and where it begins, in UTF-16 units.
    untold: String,
    told_utf16: u32,
    pub(crate) tokens: u32,
    accepted: u32,
    pub(crate) unseen: u32,
    /// How often the answer outgrew the context.
    pub(crate) overflows: u32,
    began: Instant,
    first_token_ms: Option<u64>,
    unsaved_told: bool,
}

impl Drive {
    pub(crate) fn new(
        assistant: Assistant,
        vault: Arc<Vault>,
        turn: TurnId,
        plan: Plan,
        text: Arc<Mutex<String>>,
    ) -> Self {
        Self {
            assistant,
            vault,
            turn,
            plan,
            text,
            untold: String::new(),
            told_utf16: 0,
            tokens: 0,
            accepted: 0,
            unseen: 0,
            overflows: 0,
            began: Instant::now(),
            first_token_ms: None,
            unsaved_told: false,
        }
    }

    /// Runs the turn to its end. `persisted` is told once, when question and answer are stored or can't be.
    pub(crate) async fn run(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Happened>,
        persisted: oneshot::Sender<Result<(), Failure>>,
    ) {
        let mut persisted = Some(persisted);
        let mut stream: Option<Events> = None;
        let mut state = State::default();
        let mut queue = VecDeque::from([Happened::Sent]);
        let mut checkpoint = tokio::time::interval(CHECKPOINT);
        checkpoint.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while state != State::Ended {
            let happened = match queue.pop_front() {
                Some(happened) => happened,
                None => tokio::select! {
                    biased;
                    Some(happened) = inbox.recv() => happened,
                    _ = checkpoint.tick() => Happened::CheckpointDue,
                    Some(event) = next(&mut stream) => match self.hear(event) {
                        Ok(happened) => happened,
                        Err(again) => {
                            stream = Some(again);
                            continue;
                        }
                    },
                    // Nothing more is there now: what came together is told together.
                    () = std::future::ready(()), if !self.untold.is_empty() => {
                        self.tell_text();
                        continue;
                    }
                },
            };
            let (after, effects) = step(state, happened);
            state = after;
            for effect in effects {
                match effect {
                    Effect::Persist => {
                        let result = self.persist().await;
                        queue.push_back(if result.is_ok() {
                            Happened::Persisted
                        } else {
                            Happened::NotPersisted
                        });
                        if let Some(persisted) = persisted.take() {
                            // Whoever asked may be gone; the answer is made all the same.
                            let _ = persisted.send(result.map_err(Failure::from));
                        }
                    }
                    Effect::Decide => {
                        let decision = tandem_routing::decide();
                        queue.push_back(Happened::Routed {
                            route: decision.route,
                            reason: decision.reason.word(),
                        });
                    }
                    Effect::Start(Route::Device | Route::Imported) => {
                        // Counting may wait for a model to load: a stop is heard meanwhile.
                        tokio::select! {
                            biased;
                            Some(happened) = inbox.recv() => queue.push_back(happened),
                            () = self.fit() => stream = Some(self.start()),
                        }
                    }
                    Effect::Stop => stream = None,
                    Effect::ShowStarted => self.tell(TurnStep::Started),
                    Effect::Show(delta) => self.show(&delta),
                    Effect::Tell(failure) => self.tell(TurnStep::Notice {
                        notice: failure::notice(&failure),
                    }),
                    Effect::TellResumed(why) => self.tell(TurnStep::Notice {
                        notice: failure::resumed(&why),
                    }),
                    Effect::Checkpoint => self.checkpoint().await,
                    Effect::Finish {
                        state,
                        spent,
                        mean_logprob,
                        route,
                    } => {
                        self.finish(state, spent, mean_logprob, route).await;
                    }
                    // The caller has been told, and keeps the text.
                    Effect::GiveBack => {}
                }
            }
        }
    }

    async fn persist(&self) -> Result<(), VaultError> {
        let messages: Vec<_> = self
            .plan
            .question
            .iter()
            .chain([&self.plan.answer])
            .collect();
        self.vault
            .append_all(&messages, self.plan.title.as_deref())
            .await?;
        self.assistant.tell(Event::Conversations);
        Ok(())
    }

    pub(crate) fn start(&self) -> Events {
        // A seed that differs between answers to one question: its id is random.
        let seed = self.plan.answer.id.0.as_fields().0
            ^ u32::from(self.plan.answer.id.0.as_fields().2) << 16;
        self.assistant.engine.generate(Prompt {
            conversation: Some(self.plan.answer.conversation),
            so_far: self.seen_of_answer(),
            drafts: if self.assistant.state().tuning.drafts {
                Drafts::Lookup
            } else {
                Drafts::None
            },
            ..Prompt::new(self.plan.prompt.clone(), Sampling::balanced(seed))
        })
    }

    /// What a stream's event means for the turn, or the stream that goes on in its place.
    fn hear(&mut self, event: GenerateEvent) -> Result<Happened, Events> {
        Ok(match event {
            GenerateEvent::Started { prompt_tokens } => Happened::Started { prompt_tokens },
            GenerateEvent::Token(token) => {
                self.tokens += 1;
                if self.first_token_ms.is_none() {
                    self.first_token_ms = u64::try_from(self.began.elapsed().as_millis()).ok();
                }
                Happened::Token(token)
            }
            GenerateEvent::Resumed(why) => Happened::Resumed(why),
            GenerateEvent::Finished(Finish::ContextFull, spent) => {
                if self.may_go_on() {
                    self.accepted += spent.accepted_tokens;
                    return Err(self.go_on());
                }
                Happened::Finished(Finish::ContextFull, self.in_all(spent))
            }
            GenerateEvent::Finished(finish, spent) => {
                Happened::Finished(finish, self.in_all(spent))
            }
            GenerateEvent::Failed(GenerateFailure::PromptTooLong {
                prompt_tokens,
                context,
            }) => {
                if self.tokens > 0 {
                    let all = self.in_all(Generated::default());
                    return Ok(Happened::Finished(Finish::ContextFull, all));
                }
                if let Some(shorter) = self.fit_to(prompt_tokens, context) {
                    return Err(shorter);
                }
                Happened::Failed(GenerateFailure::PromptTooLong {
                    prompt_tokens,
                    context,
                })
            }
            GenerateEvent::Failed(failure) => Happened::Failed(failure),
        })
    }

    /// What was spent on the whole answer, where its last stream tells of itself alone.
    fn in_all(&self, spent: Generated) -> Generated {
        Generated {
            tokens: self.tokens,
            accepted_tokens: self.accepted + spent.accepted_tokens,
            // The clock here knows the time of all of them.
            generate_ms: if self.overflows > 0 {
                0
            } else {
                spent.generate_ms
            },
            ..spent
        }
    }

    fn show(&mut self, delta: &str) {
        self.text
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(delta);
        self.untold.push_str(delta);
    }

    fn tell_text(&mut self) {
        if self.untold.is_empty() {
            return;
        }
        let delta = std::mem::take(&mut self.untold);
        let (at, tokens) = (self.told_utf16, self.tokens);
        self.told_utf16 += u32::try_from(delta.encode_utf16().count()).unwrap_or(u32::MAX);
        self.pass_on(TurnStep::Text { at, delta, tokens });
    }

    async fn checkpoint(&mut self) {
        let text = self.so_far();
        if let Err(error) = self.vault.checkpoint(self.plan.answer.id, &text).await {
            self.tell_unsaved(&error);
        }
    }

    async fn finish(
        &mut self,
        state: MessageState,
        spent: Generated,
        mean_logprob: Option<f32>,
        route: Option<(Route, &'static str)>,
    ) {
        self.plan.answer.text = self.so_far();
        self.plan.answer.state = state;
        self.plan.answer.receipt = route.map(|(route, reason)| Receipt {
            route,
            reason: reason.into(),
            model: self
                .assistant
                .state()
                .model
                .map(|model| model.name)
                .unwrap_or_default(),
            prompt_tokens: spent.prompt_tokens,
            reused_tokens: spent.reused_tokens,
            tokens: spent.tokens,
            accepted_tokens: spent.accepted_tokens,
            prompt_ms: self.first_token_ms.unwrap_or(spent.prompt_ms),
            generate_ms: self.generate_ms(spent),
            mean_logprob,
            unseen_messages: self.unseen,
            summary: self.plan.summary.take(),
        });
        let stored = self
            .vault
            .finish(
                self.plan.answer.id,
                &self.plan.answer.text,
                state,
                self.plan.answer.receipt.as_ref(),
            )
            .await;
        if let Err(error) = stored {
            self.tell_unsaved(&error);
            tokio::spawn(unsaved::store_later(
                self.vault.clone(),
                self.plan.answer.clone(),
            ));
        }
        let tree = match self.vault.conversation(self.plan.answer.conversation).await {
            Ok((_, messages)) => Tree::new(messages),
            Err(_) => Tree::new([self.plan.answer.clone()]),
        };
        match message_view(&tree, &self.plan.answer) {
            Ok(message) => self.tell(TurnStep::Ended { message }),
            Err(failure) => tracing::error!(
                code = failure.code,
                "an answer has no place in its conversation"
            ),
        }
        self.assistant.tell(Event::Conversations);
    }

    /// A stream that broke off tells nothing: the clock here does.
    fn generate_ms(&self, spent: Generated) -> u64 {
        if spent.generate_ms > 0 {
            return spent.generate_ms;
        }
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.first_token_ms
            .map_or(0, |first| since.saturating_sub(first))
    }

    pub(crate) fn so_far(&self) -> String {
        self.text
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn tell_unsaved(&mut self, error: &VaultError) {
        tracing::error!(code = error.code(), "an answer could not be stored");
        if !self.unsaved_told {
            self.unsaved_told = true;
            let message = format!(
                "This answer is not stored yet: {error} Tandem keeps trying while it runs; copy the text if you need it."
            );
            self.tell(TurnStep::Notice {
                notice: Notice {
                    code: "vault.unsaved".into(),
                    message,
                },
            });
        }
    }

    /// Tells hosts, after the text that came before it.
    pub(crate) fn tell(&mut self, step: TurnStep) {
        self.tell_text();
        self.pass_on(step);
    }

    fn pass_on(&self, step: TurnStep) {
        let (conversation, message) = (self.plan.answer.conversation, self.plan.answer.id);
        self.assistant.tell(Event::Turn {
            turn: self.turn,
            conversation,
            message,
            step,
        });
    }
}

async fn next(stream: &mut Option<Events>) -> Option<GenerateEvent> {
    match stream {
        Some(events) => match events.next().await {
            Some(event) => Some(event),
            // A stream that ends without a last event is a fault like any other.
            None => {
                *stream = None;
                Some(GenerateEvent::Failed(GenerateFailure::Other(
                    "it ended without a word".into(),
                )))
            }
        },
        None => std::future::pending().await,
    }
}
