//! One turn in motion: the machine's effects are carried out, and what comes of them is fed back.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{Stream, StreamExt};
use tandem_conversation::{
    Drafts, Finish, Fit, Generate, GenerateEvent, GenerateFailure, Generated, Message,
    MessageState, Prompt, PromptMessage, Receipt, Role, Route, Sampling, Tree, TurnId, fit,
    surely_fits,
    turn::{Effect, Event as Happened, State, step},
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

/// Bytes of an answer that has outgrown the context which the model is shown of it.
const ANSWER_TAIL: usize = 2048;
/// Times that an answer may outgrow the context: a model that wanders would never end.
const MOST_OVERFLOWS: u32 = 3;

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
    /// Text that came since hosts were last told, and where it begins, in UTF-16 units.
    untold: String,
    told_utf16: u32,
    tokens: u32,
    accepted: u32,
    unseen: u32,
    /// How often the answer outgrew the context.
    overflows: u32,
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
                    Effect::Start(Route::Device) => {
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
        let messages: Vec<_> = self.question.iter().chain([&self.answer]).collect();
        self.vault
            .append_all(&messages, self.title.as_deref())
            .await?;
        self.assistant.tell(Event::Conversations);
        Ok(())
    }

    /// Leaves out of the prompt what the model can't hold, counted with its own tokenizer. The receipt says how much.
    async fn fit(&mut self) {
        // Not loaded yet: the smallest one that a model is given.
        let context = self
            .assistant
            .engine
            .status()
            .borrow()
            .context()
            .unwrap_or(1024);
        if surely_fits(&self.prompt, context) {
            return;
        }
        // An engine that can't count can't answer either: that is told by the answer.
        if let Ok(counted) = self.assistant.engine.count(self.prompt.clone()).await {
            let fit = fit(
                &self.prompt,
                &counted.messages,
                counted.frame,
                counted.context,
            );
            self.leave_out(fit);
        }
    }

    fn leave_out(&mut self, fit: Fit) {
        self.prompt = fit.messages;
        self.unseen += u32::try_from(fit.unseen).unwrap_or(u32::MAX);
    }

    fn start(&self) -> Events {
        // A seed that differs between answers to one question: its id is random.
        let seed = self.answer.id.0.as_fields().0 ^ u32::from(self.answer.id.0.as_fields().2) << 16;
        self.assistant.engine.generate(Prompt {
            conversation: Some(self.answer.conversation),
            so_far: self.seen_of_answer(),
            drafts: if self.assistant.state().tuning.drafts {
                Drafts::Lookup
            } else {
                Drafts::None
            },
            ..Prompt::new(self.prompt.clone(), Sampling::balanced(seed))
        })
    }

    /// What the model is shown of its own answer: all of it, or, when it has outgrown the context, its last part.
    fn seen_of_answer(&self) -> String {
        let text = self.so_far();
        if self.overflows == 0 {
            return text;
        }
        let from = text.len().saturating_sub(ANSWER_TAIL);
        let from = (from..=text.len())
            .find(|&at| text.is_char_boundary(at))
            .unwrap_or(0);
        text[from..].to_owned()
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
                let text = self.so_far();
                let room = self.history() > 0 || text.len() > ANSWER_TAIL;
                if room && self.overflows < MOST_OVERFLOWS && self.tokens > 0 && !repeats(&text) {
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

    /// The engine has come to hold less than it did when the prompt was fitted: what it holds now is read, if anything can
    /// be left out.
    fn fit_to(&mut self, prompt_tokens: u32, context: u32) -> Option<Events> {
        let bytes = |message: &PromptMessage| message.text.len() as u64 + 1;
        let all: u64 = self.prompt.iter().map(bytes).sum();
        let share = |message| u32::try_from(u64::from(prompt_tokens) * bytes(message) / all.max(1));
        let tokens: Vec<_> = self
            .prompt
            .iter()
            .map(|message| share(message).unwrap_or(u32::MAX))
            .collect();
        let fit = fit(&self.prompt, &tokens, 0, context);
        if fit.unseen == 0 {
            return None;
        }
        self.leave_out(fit);
        Some(self.start())
    }

    /// Messages before the conversation: the instructions.
    fn fixed(&self) -> usize {
        usize::from(
            self.prompt
                .first()
                .is_some_and(|first| first.role == Role::System),
        )
    }

    /// Messages between the instructions and the question.
    fn history(&self) -> usize {
        self.prompt.len().saturating_sub(1 + self.fixed())
    }

    /// The answer has filled the context: it goes on with the question and its own last part before it.
    fn go_on(&mut self) -> Events {
        self.overflows += 1;
        let (fixed, history) = (self.fixed(), self.history());
        self.unseen += u32::try_from(history).unwrap_or(u32::MAX);
        self.prompt.drain(fixed..fixed + history);
        if self.overflows == 1 {
            self.tell(TurnStep::Notice {
                notice: failure::outgrown(),
            });
        }
        self.start()
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
            accepted_tokens: spent.accepted_tokens,
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

    /// Tells hosts, after the text that came before it.
    fn tell(&mut self, step: TurnStep) {
        self.tell_text();
        self.pass_on(step);
    }

    fn pass_on(&self, step: TurnStep) {
        let (conversation, message) = (self.answer.conversation, self.answer.id);
        self.assistant.tell(Event::Turn {
            turn: self.turn,
            conversation,
            message,
            step,
        });
    }
}

/// Whether a text has come to say the same again and again: its last words stand twice before in its last part.
fn repeats(text: &str) -> bool {
    let bytes = text.as_bytes();
    let part = &bytes[bytes.len().saturating_sub(2 * ANSWER_TAIL)..];
    let last = &part[part.len().saturating_sub(100)..];
    last.len() == 100 && part.windows(100).filter(|window| *window == last).count() > 2
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_goes_round_is_told_from_one_that_goes_on() {
        assert!(repeats(&"The sea is deep and the sky is high. ".repeat(20)));
        let counted: Vec<_> = (0..200).map(|n| format!("Wave {n} came in.")).collect();
        assert!(!repeats(&counted.join(" ")));
        assert!(!repeats("Short."));
    }
}
