//! What stands behind a handle: one command after the other, with a process that may end at any time.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tandem_conversation::{GenerateEvent, Prompt};
use tandem_protocol::{Event, Load, Loaded, Permit, Request};
use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender},
        oneshot, watch,
    },
    time::timeout,
};

use crate::{EngineError, Ready, Report, Status, process::Process, translate};

/// An engine that says nothing for so long hangs: it tells every token, and every batch of a prompt. The slowest device
/// known reads a batch in two minutes.
const HANG: Duration = Duration::from_mins(3);

type Reply<T> = oneshot::Sender<Result<T, EngineError>>;

pub(crate) enum Command {
    Choose(Load),
    Warm(Reply<Ready>),
    Devices(Reply<Report>),
    Generate(Prompt, UnboundedSender<GenerateEvent>),
    Stop(Reply<()>),
}

pub(crate) struct Actor {
    program: PathBuf,
    status: watch::Sender<Status>,
    process_id: Arc<AtomicU32>,
    process: Option<Process>,
    chosen: Option<Load>,
    loaded: Option<Ready>,
    jobs: u32,
}

impl Actor {
    pub(crate) fn new(
        program: PathBuf,
        status: watch::Sender<Status>,
        process_id: Arc<AtomicU32>,
    ) -> Self {
        Self {
            program,
            status,
            process_id,
            process: None,
            chosen: None,
            loaded: None,
            jobs: 0,
        }
    }

    pub(crate) async fn run(mut self, mut inbox: UnboundedReceiver<Command>) {
        while let Some(command) = inbox.recv().await {
            // An answer that nobody waits for any more is dropped: `send` failing is no fault.
            match command {
                Command::Choose(load) => self.choose(load),
                Command::Warm(reply) => drop(reply.send(self.ready().await)),
                Command::Devices(reply) => drop(reply.send(self.devices().await)),
                Command::Generate(prompt, events) => self.generate(&prompt, &events).await,
                Command::Stop(reply) => {
                    self.forget(Status::Asleep);
                    drop(reply.send(Ok(())));
                }
            }
        }
    }

    fn choose(&mut self, load: Load) {
        if self.chosen.as_ref() != Some(&load) {
            self.chosen = Some(load);
            self.forget(Status::Asleep);
        }
    }

    /// Ends the process, if there is one.
    fn forget(&mut self, status: Status) {
        self.process = None;
        self.loaded = None;
        self.process_id.store(0, Ordering::Relaxed);
        self.status.send_replace(status);
    }

    async fn process(&mut self) -> Result<&mut Process, EngineError> {
        if self.process.as_mut().is_some_and(Process::is_dead) {
            tracing::warn!("the engine ended while it was idle");
            self.forget(Status::Asleep);
        }
        let process = match self.process.take() {
            Some(process) => process,
            None => {
                let model = self.chosen.as_ref().map(|load| load.path.clone());
                Process::start(&self.program, Permit { model }).await?
            }
        };
        self.process_id.store(process.id(), Ordering::Relaxed);
        Ok(self.process.insert(process))
    }

    /// A process with the chosen model.
    async fn ready(&mut self) -> Result<Ready, EngineError> {
        self.process().await.inspect_err(|error| {
            tracing::warn!(%error, "the engine can't be started");
        })?;
        if let Some(ready) = &self.loaded {
            return Ok(ready.clone());
        }
        let result = self.load().await;
        match &result {
            Ok(ready) => {
                self.loaded = Some(ready.clone());
                self.status.send_replace(Status::Ready(ready.clone()));
            }
            Err(error) => self.forget(Status::Failed(error.clone())),
        }
        result
    }

    async fn load(&mut self) -> Result<Ready, EngineError> {
        let load = self.chosen.clone().ok_or(EngineError::NoModel)?;
        self.status.send_replace(Status::Loading { progress: 0.0 });
        self.process().await?.send(&Request::Load(load));
        loop {
            match self.event().await? {
                Event::Loading { progress } => {
                    self.status.send_replace(Status::Loading { progress });
                }
                Event::Loaded(loaded) => return Ok(ready(loaded)),
                Event::NotLoaded { problem, message } => {
                    return Err(EngineError::NotLoaded { problem, message });
                }
                _ => {}
            }
        }
    }

    async fn devices(&mut self) -> Result<Report, EngineError> {
        self.process().await?.send(&Request::Devices);
        loop {
            if let Event::Devices(devices) = self.event().await? {
                let greeting = self.process().await?.greeting().clone();
                return Ok(Report {
                    devices,
                    build: greeting.build,
                    confinement: greeting.confinement,
                });
            }
        }
    }

    async fn generate(&mut self, prompt: &Prompt, events: &UnboundedSender<GenerateEvent>) {
        if let Err(error) = self.stream(prompt, events).await {
            // Whoever waits is told; whoever dropped the stream is gone.
            let _ = events.send(GenerateEvent::Failed(error.into()));
        }
    }

    async fn stream(
        &mut self,
        prompt: &Prompt,
        events: &UnboundedSender<GenerateEvent>,
    ) -> Result<(), EngineError> {
        tokio::select! {
            biased;
            () = events.closed() => {
                // Cancelled while the model was loading: that load goes on, but this question is over. What it
                // had begun is cut off with its process, for half a load can't be heard out here.
                if self.loaded.is_none() {
                    self.forget(Status::Asleep);
                }
                return Ok(());
            }
            ready = self.ready() => { ready?; }
        }
        self.jobs += 1;
        let job = self.jobs;
        self.process()
            .await?
            .send(&Request::Generate(translate::request(job, prompt)));
        let mut cancelled = false;
        loop {
            let event = tokio::select! {
                biased;
                () = events.closed(), if !cancelled => {
                    cancelled = true;
                    // One that died meanwhile is told by `event`, not started anew to be told to stop.
                    if let Some(process) = &mut self.process {
                        process.send(&Request::Cancel { job });
                    }
                    continue;
                }
                event = self.event() => event?,
            };
            if let Some((event, last)) = translate::event(event, job) {
                // As above: a dropped stream is noticed by `closed`.
                let _ = events.send(event);
                if last {
                    return Ok(());
                }
            }
        }
    }

    /// The process's next event; its end and its silence are errors, after which there is no process.
    async fn event(&mut self) -> Result<Event, EngineError> {
        let Some(process) = &mut self.process else {
            return Err(EngineError::Died(crate::Death::Unknown));
        };
        let result = timeout(HANG, process.event())
            .await
            .unwrap_or(Err(EngineError::Hung));
        if let Err(error) = &result {
            tracing::warn!(%error, "the engine is gone");
            self.forget(Status::Asleep);
        }
        result
    }
}

fn ready(loaded: Loaded) -> Ready {
    let chosen = loaded.chosen;
    Ready {
        device: chosen.device,
        gpu_layers: chosen.gpu_layers,
        context: chosen.context,
        threads: chosen.threads,
        template: loaded.template,
        load_ms: loaded.load_ms,
    }
}
