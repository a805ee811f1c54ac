//! What stands behind a handle: one command after the other, with a process that may end at any time.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use tandem_conversation::{ConversationId, GenerateEvent, Prompt, PromptMessage};
use tandem_protocol::{Event, LoadProblem, Loaded, Offload, Permit, Request, ScoredToken};
use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender},
        oneshot, watch,
    },
    time::{sleep, timeout},
};

use crate::{
    Counted, Death, EngineError, Model, Ready, Report, Shelf, Status, breaker::Breaker,
    frugal::Frugality, keeping::Keeping, memory, patience::Patience, power::Power,
    process::Process,
};

/// Time between looks at an engine that has nothing to do.
const LOOK: Duration = Duration::from_secs(5);
/// Time between looks at a graphics device's memory: each wakes it.
const LOOK_AT_GRAPHICS: Duration = Duration::from_mins(1);
/// Time without a question after which a model is unloaded on battery.
const ON_BATTERY: Duration = Duration::from_mins(2);
/// Time without a question after which a conversation's state goes to the shelf, should the engine end unasked.
const SETTLED: Duration = Duration::from_secs(20);
/// Time for a load that tells no progress: a slow disk reads a large model's first bytes.
const LOADING: Duration = Duration::from_mins(3);

pub(crate) type Reply<T> = oneshot::Sender<Result<T, EngineError>>;

pub(crate) enum Command {
    Choose(Model),
    KeepOn(Option<Arc<dyn Shelf>>),
    SleepAfter(Option<Duration>),
    SpareBattery(bool),
    Forget(ConversationId),
    Warm(Reply<Ready>),
    Devices(Reply<Report>),
    Count(Vec<PromptMessage>, Reply<Counted>),
    Score(Vec<PromptMessage>, String, Reply<Vec<ScoredToken>>),
    Embed(Vec<String>, Reply<Vec<Vec<f32>>>),
    Generate(Prompt, UnboundedSender<GenerateEvent>),
    Stop(Reply<()>),
}

pub(crate) struct Actor {
    program: PathBuf,
    status: watch::Sender<Status>,
    process_id: Arc<AtomicU32>,
    pub(crate) process: Option<Process>,
    pub(crate) model: Option<Model>,
    pub(crate) loaded: Option<Ready>,
    pub(crate) jobs: u32,
    pub(crate) frugality: Frugality,
    pub(crate) breaker: Breaker,
    pub(crate) patience: Patience,
    pub(crate) keeping: Keeping,
    pub(crate) power: Power,
    sleep_after: Option<Duration>,
    used: Instant,
    /// When the graphics device's memory was last looked at.
    looked: Instant,
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
            model: None,
            loaded: None,
            jobs: 0,
            frugality: Frugality::default(),
            breaker: Breaker::default(),
            patience: Patience::default(),
            keeping: Keeping::default(),
            power: Power::default(),
            sleep_after: None,
            used: Instant::now(),
            looked: Instant::now(),
        }
    }

    pub(crate) async fn run(mut self, mut inbox: UnboundedReceiver<Command>) {
        loop {
            let command = tokio::select! {
                command = inbox.recv() => command,
                () = sleep(LOOK), if self.process.is_some() => {
                    self.look().await;
                    self.notice_end();
                    continue;
                }
            };
            let Some(command) = command else { return };
            self.used = Instant::now();
            // An answer that nobody waits for any more is dropped: `send` failing is no fault.
            match command {
                Command::Choose(model) => self.choose(model).await,
                Command::KeepOn(shelf) => self.keeping.keep_on(shelf),
                Command::SleepAfter(idle) => self.sleep_after = idle,
                Command::SpareBattery(spare) => self.power.spare = spare,
                Command::Forget(conversation) => self.forget_conversation(conversation),
                Command::Warm(reply) => drop(reply.send(self.ready().await)),
                Command::Devices(reply) => drop(reply.send(self.devices().await)),
                Command::Count(messages, reply) => drop(reply.send(self.count(&messages).await)),
                Command::Score(messages, answer, reply) => {
                    drop(reply.send(self.score(&messages, answer).await));
                }
                Command::Embed(texts, reply) => drop(reply.send(self.embed(texts).await)),
                Command::Generate(prompt, events) => self.generate(prompt, &events).await,
                Command::Stop(reply) => {
                    self.put_to_sleep().await;
                    drop(reply.send(Ok(())));
                }
            }
            self.notice_end();
            self.used = Instant::now();
        }
    }

    /// An engine that ended while something was asked of it leaves nothing loaded.
    fn notice_end(&mut self) {
        if self.process.is_none() && self.loaded.is_some() {
            self.forget(Status::Asleep);
        }
    }

    /// The engine that [`Self::ready`] has made ready. One that ended since then is not replaced: the new one would have
    /// no model.
    pub(crate) fn running(&mut self) -> Result<&mut Process, EngineError> {
        self.process
            .as_mut()
            .ok_or(EngineError::Died(Death::Unknown))
    }

    async fn choose(&mut self, model: Model) {
        self.breaker.reset();
        if self.model.as_ref() != Some(&model) || self.frugality != Frugality::default() {
            self.put_to_sleep().await;
            self.frugality = Frugality::default();
            self.model = Some(model);
        }
    }

    /// Nobody asked anything for a while.
    async fn look(&mut self) {
        if self.process.as_mut().is_some_and(Process::is_dead) {
            tracing::warn!("the engine ended while it was idle");
            self.forget(Status::Asleep);
            return;
        }
        let idle = self.used.elapsed();
        let on_battery = self.power.is_spared().then_some(ON_BATTERY);
        let after = [self.sleep_after, on_battery].into_iter().flatten().min();
        if after.is_some_and(|after| idle >= after) {
            tracing::info!("the model is unloaded: it was idle");
            self.put_to_sleep().await;
        } else if idle >= SETTLED && memory::is_short() {
            tracing::info!("the model is unloaded: the system is short of memory");
            self.put_to_sleep().await;
        } else if idle >= SETTLED && self.is_crowded_out().await {
            tracing::info!("the model is unloaded: another program needs the graphics memory");
            self.put_to_sleep().await;
        } else if idle >= SETTLED {
            self.save_all().await;
        }
    }

    /// Whether other programs have come to need the graphics memory that the idle model holds. Loaded again, it is fitted
    /// to what is left.
    async fn is_crowded_out(&mut self) -> bool {
        let on_graphics = self.loaded.as_ref().filter(|ready| ready.gpu_layers > 0);
        let Some(device) = on_graphics.map(|ready| ready.device.clone()) else {
            return false;
        };
        if self.looked.elapsed() < LOOK_AT_GRAPHICS {
            return false;
        }
        self.looked = Instant::now();
        let Ok(report) = self.devices().await else {
            return false;
        };
        let of_ours = report.devices.iter().find(|found| found.name == device);
        of_ours.is_some_and(|found| memory::is_full(found.memory_free, found.memory_total))
    }

    /// Ends the process when what it computed is on the shelf.
    async fn put_to_sleep(&mut self) {
        if self.loaded.is_some() {
            self.save_all().await;
        }
        self.forget(Status::Asleep);
    }

    /// Ends the process, if there is one.
    pub(crate) fn forget(&mut self, status: Status) {
        self.process = None;
        self.loaded = None;
        self.patience = Patience::default();
        self.keeping.engine_ended();
        self.process_id.store(0, Ordering::Relaxed);
        if *self.status.borrow() != status {
            self.status.send_replace(status);
        }
    }

    pub(crate) async fn process(&mut self) -> Result<&mut Process, EngineError> {
        if self.process.as_mut().is_some_and(Process::is_dead) {
            tracing::warn!("the engine ended while it was idle");
            self.forget(Status::Asleep);
        }
        let process = match self.process.take() {
            Some(process) => process,
            None => {
                self.loaded = None;
                self.patience = Patience::default();
                self.keeping.engine_ended();
                let plain = self.frugality.is_plain();
                let permit = match &self.model {
                    Some(model) => model.permit(plain),
                    None => Permit {
                        plain,
                        ..Permit::default()
                    },
                };
                Process::start(&self.program, permit).await?
            }
        };
        self.process_id.store(process.id(), Ordering::Relaxed);
        Ok(self.process.insert(process))
    }

    /// A process with the chosen model. Where memory is short, it is loaded with less.
    pub(crate) async fn ready(&mut self) -> Result<Ready, EngineError> {
        if self.breaker.is_open() {
            return Err(EngineError::Broken);
        }
        loop {
            self.process().await.inspect_err(|error| {
                tracing::warn!(%error, "the engine can't be started");
            })?;
            if let Some(ready) = &self.loaded {
                return Ok(ready.clone());
            }
            match self.load().await {
                Ok(ready) => {
                    self.loaded = Some(ready.clone());
                    self.status.send_replace(Status::Ready(ready.clone()));
                    return Ok(ready);
                }
                Err(error) => {
                    self.forget(Status::Failed(error.clone()));
                    if let EngineError::Died(_) = error {
                        self.breaker.died();
                    }
                    let less = match error {
                        EngineError::Died(Death::IllegalInstruction) => self.frugality.refused(),
                        _ => error.is_shortage() && self.take_less(),
                    };
                    if !less || self.breaker.is_open() {
                        return Err(error);
                    }
                    tracing::warn!(%error, frugality = ?self.frugality, "the model is loaded with less");
                }
            }
        }
    }

    /// Takes less from now on. `false` when there is nothing left to give up.
    pub(crate) fn take_less(&mut self) -> bool {
        let Some(model) = &self.model else {
            return false;
        };
        let gpu = match &self.loaded {
            Some(ready) => ready.gpu_layers > 0,
            // It never came to that: a GPU may have been the reason.
            None => self.frugality.offload(model.offload) != Offload::None,
        };
        self.frugality.take_less(gpu, model.context)
    }

    async fn load(&mut self) -> Result<Ready, EngineError> {
        let model = self.model.as_ref().ok_or(EngineError::NoModel)?;
        let load = model.load(&self.frugality);
        self.status.send_replace(Status::Loading { progress: 0.0 });
        self.process().await?.send(&Request::Load(load));
        loop {
            match self.event(LOADING).await? {
                Event::Loading { progress } => {
                    self.status.send_replace(Status::Loading { progress });
                }
                Event::Loaded(loaded) => return Ok(ready(loaded, &self.frugality)),
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
            if let Event::Devices(devices) = self.event(LOADING).await? {
                let greeting = self.process().await?.greeting().clone();
                return Ok(Report {
                    devices,
                    build: greeting.build,
                    confinement: greeting.confinement,
                });
            }
        }
    }

    /// The process's next event; its end and a silence longer than `patience` are errors, after which there is no process.
    pub(crate) async fn event(&mut self, patience: Duration) -> Result<Event, EngineError> {
        let Some(process) = &mut self.process else {
            return Err(EngineError::Died(Death::Unknown));
        };
        let result = timeout(patience, process.event())
            .await
            .unwrap_or(Err(EngineError::Hung));
        if let Err(error) = &result {
            tracing::warn!(%error, "the engine is gone");
            self.process = None;
        }
        result
    }
}

impl EngineError {
    /// Whether less might do: the model didn't fit, or ended its engine as it was loaded.
    fn is_shortage(&self) -> bool {
        matches!(
            self,
            Self::Died(_)
                | Self::NotLoaded {
                    problem: LoadProblem::OutOfMemory,
                    ..
                }
        )
    }
}

fn ready(loaded: Loaded, frugality: &Frugality) -> Ready {
    let chosen = loaded.chosen;
    Ready {
        device: chosen.device,
        gpu_layers: chosen.gpu_layers,
        layers: chosen.layers,
        given_up: frugality.given_up(),
        context: chosen.context,
        threads: chosen.threads,
        template: loaded.template,
        drafter: loaded.drafter,
        load_ms: loaded.load_ms,
    }
}
