//! The door that every host comes through. The first process of a person owns vault and engine; a later one speaks
//! to the first. Which it is, a host needn't know.

use std::{fs::File, fs::OpenOptions, fs::TryLockError, sync::Arc};

use tokio::sync::{Mutex, RwLock, broadcast};

use crate::{
    Paths,
    assistant::Assistant,
    attach::{self, GONE, Remote, UNSURE},
    wire::{Call, Event, Failure, Reply},
};

/// Tries to become the owner or to reach it, before giving up: the owner may be starting or ending just now.
const TRIES: u32 = 50;

/// A way to the assistant.
#[derive(Clone)]
pub struct Door {
    paths: Paths,
    side: Arc<RwLock<Side>>,
    events: broadcast::Sender<Event>,
    reopening: Arc<Mutex<()>>,
}

enum Side {
    /// This process owns vault and engine. The file is the owner's lock.
    Here(
        Assistant,
        #[expect(dead_code, reason = "held, not read")] File,
    ),
    /// Another process does.
    There(Remote),
}

impl Door {
    /// Becomes the owner, or attaches to it.
    pub async fn open(paths: Paths) -> Result<Self, Failure> {
        let events = broadcast::channel(4096).0;
        let side = enter(&paths, &events).await?;
        Ok(Self {
            paths,
            side: Arc::new(RwLock::new(side)),
            events,
            reopening: Arc::default(),
        })
    }

    /// Asks for something.
    pub async fn call(&self, call: Call) -> Result<Reply, Failure> {
        match self.call_once(call.clone()).await {
            Err(failure) if failure.code == GONE => {
                self.reopen().await?;
                self.call_once(call).await
            }
            // It may have been done: only what changes nothing by being done twice is asked again.
            Err(failure) if failure.code == UNSURE => {
                self.reopen().await?;
                if call.may_be_repeated() {
                    self.call_once(call).await
                } else {
                    Err(failure)
                }
            }
            result => result,
        }
    }

    async fn call_once(&self, call: Call) -> Result<Reply, Failure> {
        match &*self.side.read().await {
            Side::Here(assistant, _) => assistant.call(call).await,
            Side::There(remote) => remote.call(call).await,
        }
    }

    /// The owner ended: this process takes its place, or finds who did.
    async fn reopen(&self) -> Result<(), Failure> {
        let _one = self.reopening.lock().await;
        match &*self.side.read().await {
            // Another call that found the owner gone was first.
            Side::Here(..) => return Ok(()),
            Side::There(remote) if remote.is_alive() => return Ok(()),
            Side::There(_) => {}
        }
        tracing::info!("the process that owned the vault ended");
        *self.side.write().await = enter(&self.paths, &self.events).await?;
        // What the owner was about to tell is lost with it. Nobody listening is no fault.
        let _ = self.events.send(Event::Missed);
        Ok(())
    }

    /// What happens from here on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Whether this process owns vault and engine.
    pub async fn is_owner(&self) -> bool {
        matches!(&*self.side.read().await, Side::Here(..))
    }

    /// The engine process's number, if this process owns it. For measurements and tests.
    pub async fn engine_process(&self) -> Option<u32> {
        match &*self.side.read().await {
            Side::Here(assistant, _) => assistant.engine.process_id(),
            Side::There(_) => None,
        }
    }

    /// Waits until no turn runs that this process owns.
    pub async fn idle(&self) {
        let turns = match &*self.side.read().await {
            Side::Here(assistant, _) => assistant.turns.clone(),
            Side::There(_) => return,
        };
        turns.idle().await;
    }

    /// Ends what this process owns; text that is being written is kept.
    pub async fn close(&self) {
        if let Side::Here(assistant, _) = &*self.side.read().await {
            assistant.close().await;
        }
    }
}

async fn enter(paths: &Paths, events: &broadcast::Sender<Event>) -> Result<Side, Failure> {
    for attempt in 1.. {
        if let Some(lock) = lock(paths)? {
            let assistant = Assistant::start(paths.clone()).await?;
            attach::pass_on(assistant.events(), events.clone());
            // Where a folder can't hold a socket, later starts can't attach; this one works.
            if let Err(failure) = attach::listen(&assistant) {
                tracing::warn!(code = failure.code, "later starts can't attach");
            }
            return Ok(Side::Here(assistant, lock));
        }
        match Remote::connect(paths, events.clone()).await {
            Ok(remote) => return Ok(Side::There(remote)),
            Err(failure) if attempt >= TRIES => return Err(failure),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
    Err(Failure::new(GONE, "Tandem could not be reached."))
}

fn lock(paths: &Paths) -> Result<Option<File>, Failure> {
    let path = paths.owner_lock();
    let fail = |error: std::io::Error| {
        Failure::new(
            "paths.not-writable",
            format!("Tandem can't use {}: {error}.", path.display()),
        )
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(fail)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(fail(error)),
    }
}
