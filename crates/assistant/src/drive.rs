//! One turn in motion: the machine's effects are carried out, and what comes of them is fed back.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{Stream, StreamExt};
use tandem_conversation::{
    Generate, GenerateEvent, GenerateFailure, Generated, Message, MessageState, Prompt,
    PromptMessage, Receipt, Route, Sampling, Tree, TurnId,
    turn::{Effect, Event as Happened, State, step},
    without_oldest,
};
use tandem_vault::{Vault, VaultError};
use tokio::sync::{mpsc, oneshot};

use crate::{
    assistant::Assistant,
    conversations::message_view,
    failure,
    wire::{Event, Failure, Notice, TurnStep},
};

/// Streamed text is on disk at most this much later, a slow disk's own time aside.
const CHECKPOINT: Duration = Duration::from_millis(150);

type Events = Pin<Box<dyn Stream<Item = GenerateEvent> + Send>>;

pub(crate) struct Drive {
    assistant: Assistant,
    vault: Arc<Vault>,
    turn: TurnId,
    question: Option<Message>,
    answer: Message,
    prompt: Vec<PromptMessage>,
    title: Option<String>,
    /// The answer so far; shared with whoever looks at the conversation meanwhile.
    text: Arc<Mutex<String>>,
    /// Length of `text` in UTF-16 units.
    shown_utf16: u32,
    tokens: u32,
    unseen: u32,
    began: Instant,
    first_token_ms: Option<u64>,
    unsaved_told: bool,
}

impl Drive {
    #[expect(
        clippy::too_many_arguments,
        reason = "all that a turn is, from one place"
    )]
    pub(crate) fn new(
        assistant: Assistant,
        vault: Arc<Vault>,
        turn: TurnId,
        question: Option<Message>,
        answer: Message,
        prompt: Vec<PromptMessage>,
        title: Option<String>,
        text: Arc<Mutex<String>>,
    ) -> Self {
        Self {
            assistant,
            vault,
            turn,
            question,
            answer,
            prompt,
            title,
            text,
            shown_utf16: 0,
            tokens: 0,
            unseen: 0,
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
                    Some(event) = next(&mut stream) => match self.read_again(event) {
                        Ok(happened) => happened,
                        Err(shorter) => {
                            stream = Some(shorter);
                            continue;
                        }
                    },
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
                    Effect::Start(Route::Device) => stream = Some(self.start()),
                    Effect::Stop => stream = None,
                    Effect::ShowStarted => self.tell(TurnStep::Started),
                    Effect::Show(delta) => self.show(delta),
                    Effect::Tell(failure) => self.tell(TurnStep::Notice {
                        notice: failure::notice(&failure),
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
        let messages: Vec<_> = self.question.iter().chain([&self.answer]).collect();
        self.vault
            .append_all(&messages, self.title.as_deref())
            .await?;
        self.assistant.tell(Event::Conversations);
        Ok(())
    }

    fn start(&self) -> Events {
        // A seed that differs between answers to one question: its id is random.
        let seed = self.answer.id.0.as_fields().0 ^ u32::from(self.answer.id.0.as_fields().2) << 16;
        self.assistant.engine.generate(Prompt {
            messages: self.prompt.clone(),
            sampling: Sampling::balanced(seed),
            max_tokens: None,
        })
    }

    /// What a stream's event means for the turn. A prompt that doesn't fit is shortened at its beginning and read
    /// again, as a new stream; the receipt says how much the model no longer saw.
    fn read_again(&mut self, event: GenerateEvent) -> Result<Happened, Events> {
        Ok(match event {
            GenerateEvent::Started { prompt_tokens } => Happened::Started { prompt_tokens },
            GenerateEvent::Token(token) => {
                self.tokens += 1;
                if self.first_token_ms.is_none() {
                    self.first_token_ms = u64::try_from(self.began.elapsed().as_millis()).ok();
                }
                Happened::Token(token)
            }
            GenerateEvent::Finished(finish, spent) => Happened::Finished(finish, spent),
            GenerateEvent::Failed(GenerateFailure::PromptTooLong {
                prompt_tokens,
                context,
            }) => {
                // A quarter of the context is left for the answer.
                let over = prompt_tokens.saturating_sub(context - context / 4);
                match without_oldest(&self.prompt, prompt_tokens, over) {
                    Some((shorter, lost)) => {
                        self.prompt = shorter;
                        self.unseen += u32::try_from(lost).unwrap_or(u32::MAX);
                        return Err(self.start());
                    }
                    None => Happened::Failed(GenerateFailure::PromptTooLong {
                        prompt_tokens,
                        context,
                    }),
                }
            }
            GenerateEvent::Failed(failure) => Happened::Failed(failure),
        })
    }

    fn show(&mut self, delta: String) {
        self.text
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_str(&delta);
        let (at, tokens) = (self.shown_utf16, self.tokens);
        self.shown_utf16 += u32::try_from(delta.encode_utf16().count()).unwrap_or(u32::MAX);
        self.tell(TurnStep::Text { at, delta, tokens });
    }

    async fn checkpoint(&mut self) {
        let text = self.so_far();
        if let Err(error) = self.vault.checkpoint(self.answer.id, &text).await {
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
        self.answer.text = self.so_far();
        self.answer.state = state;
        self.answer.receipt = route.map(|(route, reason)| Receipt {
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
            prompt_ms: self.first_token_ms.unwrap_or(spent.prompt_ms),
            generate_ms: self.generate_ms(spent),
            mean_logprob,
            unseen_messages: self.unseen,
        });
        let stored = self
            .vault
            .finish(
                self.answer.id,
                &self.answer.text,
                state,
                self.answer.receipt.as_ref(),
            )
            .await;
        if let Err(error) = stored {
            self.tell_unsaved(&error);
        }
        let tree = match self.vault.conversation(self.answer.conversation).await {
            Ok((_, messages)) => Tree::new(messages),
            Err(_) => Tree::new([self.answer.clone()]),
        };
        match message_view(&tree, &self.answer) {
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

    fn so_far(&self) -> String {
        self.text
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn tell_unsaved(&mut self, error: &VaultError) {
        tracing::error!(code = error.code(), "an answer could not be stored");
        if !self.unsaved_told {
            self.unsaved_told = true;
            let message =
                format!("This answer could not be stored: {error} Copy it if you need it.");
            self.tell(TurnStep::Notice {
                notice: Notice {
                    code: "vault.unsaved".into(),
                    message,
                },
            });
        }
    }

    fn tell(&self, step: TurnStep) {
        let (conversation, message) = (self.answer.conversation, self.answer.id);
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
