//! The engine as the rest of Tandem sees it: one handle, whatever happens to the process behind it.

use std::{
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use futures_util::{Stream, stream};
use tandem_conversation::{Generate, GenerateEvent, Prompt};
use tandem_protocol::{Load, Offload};
use tokio::sync::{
    mpsc::{UnboundedSender, unbounded_channel},
    oneshot, watch,
};

use crate::{
    EngineError, Ready, Report, Status,
    actor::{Actor, Command},
};

/// A model to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The GGUF file.
    pub path: PathBuf,
    /// Tokens of context at most.
    pub context: u32,
    /// How much goes to a GPU.
    pub offload: Offload,
    /// Threads to compute with; 0 lets the engine choose.
    pub threads: u32,
}

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

    /// Chooses the model of all later questions; another one is unloaded. It is loaded when it is needed.
    pub fn choose(&self, model: &Model) {
        let load = Load {
            path: model.path.to_string_lossy().into_owned(),
            context: model.context,
            offload: model.offload,
            threads: model.threads,
        };
        self.tell(Command::Choose(load));
    }

    /// Loads the chosen model now.
    pub async fn warm(&self) -> Result<Ready, EngineError> {
        self.ask(Command::Warm).await
    }

    /// What the engine finds on this machine.
    pub async fn devices(&self) -> Result<Report, EngineError> {
        self.ask(Command::Devices).await
    }

    /// Ends the process. The next need starts it anew.
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
