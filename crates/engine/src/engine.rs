//! The engine as the rest of Tandem sees it: one handle, whatever happens to the process behind it.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures_util::{Stream, stream};
use std::path::PathBuf;
use tandem_conversation::{ConversationId, Generate, GenerateEvent, Prompt, PromptMessage};
use tandem_protocol::ScoredToken;
use tokio::sync::{
    mpsc::{UnboundedSender, unbounded_channel},
    oneshot, watch,
};

use crate::{
    Counted, EngineError, Model, Ready, Report, Shelf, Status,
    actor::{Actor, Command},
};

/// A handle to the engine; clones share it. The process starts with the first need of it and ends with the last handle.
#[derive(Clone)]
pub struct Engine {
    commands: UnboundedSender<Command>,
    status: watch::Receiver<Status>,
    process: Arc<AtomicU32>,
}

impl Engine {
    /// An engine of the program `program`. Needs a tokio runtime.
    pub fn new(program: PathBuf) -> Self {
        let (commands, inbox) = unbounded_channel();
        let (status_in, status) = watch::channel(Status::default());
        let process = Arc::new(AtomicU32::new(0));
        let actor = Actor::new(program, status_in, Arc::clone(&process));
        tokio::spawn(actor.run(inbox));
        Self {
            commands,
            status,
            process,
        }
    }

    /// Chooses the model of all later questions; another one is unloaded. It is loaded when it is needed. Whatever was
    /// learned of the model's failures is forgotten: the person wants it.
    pub fn choose(&self, model: &Model) {
        self.tell(Command::Choose(model.clone()));
    }

    /// Keeps what was computed of conversations on this shelf from now on; `None` keeps nothing.
    pub fn keep_on(&self, shelf: Option<Arc<dyn Shelf>>) {
        self.tell(Command::KeepOn(shelf));
    }

    /// Unloads the model after so long without a question. `None` keeps it.
    pub fn sleep_after(&self, idle: Option<Duration>) {
        self.tell(Command::SleepAfter(idle));
    }

    /// Goes easy on a battery: fewer threads, and a model that is idle is unloaded sooner.
    pub fn spare_battery(&self, spare: bool) {
        self.tell(Command::SpareBattery(spare));
    }

    /// Loads the chosen model now.
    pub async fn warm(&self) -> Result<Ready, EngineError> {
        self.ask(Command::Warm).await
    }

    /// What the engine finds on this machine.
    pub async fn devices(&self) -> Result<Report, EngineError> {
        self.ask(Command::Devices).await
    }

    /// Counts the tokens of a prompt with the model's own tokenizer. Loads the model.
    pub async fn count(&self, messages: Vec<PromptMessage>) -> Result<Counted, EngineError> {
        self.ask(|reply| Command::Count(messages, reply)).await
    }

    /// How likely the model finds each token of `answer` after `messages`. Loads the model.
    pub async fn score(
        &self,
        messages: Vec<PromptMessage>,
        answer: String,
    ) -> Result<Vec<ScoredToken>, EngineError> {
        self.ask(|reply| Command::Score(messages, answer, reply))
            .await
    }

    /// A vector of length 1 for each text: near texts mean alike. Loads the model.
    pub async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EngineError> {
        self.ask(|reply| Command::Embed(texts, reply)).await
    }

    /// Forgets what was computed of a conversation, here and on the shelf.
    pub fn forget(&self, conversation: ConversationId) {
        self.tell(Command::Forget(conversation));
    }

    /// Puts what was computed on the shelf and ends the process. The next need starts it anew.
    pub async fn stop(&self) -> Result<(), EngineError> {
        self.ask(Command::Stop).await
    }

    /// What the engine is at, now and from now on.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// The process's number while there is one.
    pub fn process_id(&self) -> Option<u32> {
        Some(self.process.load(Ordering::Relaxed)).filter(|&id| id != 0)
    }

    fn tell(&self, command: Command) {
        if self.commands.send(command).is_err() {
            tracing::error!("the engine's actor ended");
        }
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, EngineError>>) -> Command,
    ) -> Result<T, EngineError> {
        let (reply_in, reply) = oneshot::channel();
        self.tell(command(reply_in));
        reply
            .await
            .unwrap_or_else(|_| Err(EngineError::Start("its actor ended".into())))
    }
}

impl Generate for Engine {
    fn generate(&self, prompt: Prompt) -> Pin<Box<dyn Stream<Item = GenerateEvent> + Send>> {
        let (events_in, mut events) = unbounded_channel();
        self.tell(Command::Generate(prompt, events_in));
        Box::pin(stream::poll_fn(move |context| events.poll_recv(context)))
    }
}
