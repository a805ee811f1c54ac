//! The later process's side.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, Mutex as Lock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use interprocess::local_socket::tokio::{Stream, prelude::*};
use tokio::{
    io::BufReader,
    sync::{Mutex, broadcast, oneshot},
};

use super::speech::{Asked, Said, name, read, write};
use crate::{
    Paths,
    wire::{Call, Event, Failure, Reply},
};

/// The code of a failure that says: the owner ended, and never heard the call.
pub(crate) const GONE: &str = "attach.gone";
/// The code of a failure that says: the owner ended, and may have done what it was asked.
pub(crate) const UNSURE: &str = "attach.unsure";

type Waiting = Arc<Lock<HashMap<u64, oneshot::Sender<Result<Reply, Failure>>>>>;

/// A way to the owner.
pub(crate) struct Remote {
    stream: Arc<Stream>,
    /// Held while a line is written.
    writing: Mutex<()>,
    waiting: Waiting,
    alive: Arc<AtomicBool>,
    ids: AtomicU64,
}

impl Remote {
    /// Reaches the owner; its events go to `events`.
    pub(crate) async fn connect(
        paths: &Paths,
        events: broadcast::Sender<Event>,
    ) -> Result<Self, Failure> {
        let stream = Stream::connect(name(paths).map_err(gone)?)
            .await
            .map_err(gone)?;
        let stream = Arc::new(stream);
        let heard = Arc::clone(&stream);
        let waiting = Waiting::default();
        let alive = Arc::new(AtomicBool::new(true));
        let (answers, here) = (Arc::clone(&waiting), Arc::clone(&alive));
        tokio::spawn(async move {
            let mut reading = BufReader::new(&*heard);
            loop {
                match read(&mut reading).await {
                    Ok(Some(Said::Event(event))) => {
                        // Nobody listening is no fault.
                        let _ = events.send(event);
                    }
                    Ok(Some(Said::Answer { id, result })) => {
                        if let Some(waiting) = answers
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .remove(&id)
                        {
                            // Whoever asked may have given up.
                            let _ = waiting.send(result);
                        }
                    }
                    Ok(None) | Err(_) => break,
                }
            }
            here.store(false, Ordering::Release);
            // Whoever shows something asks again, and so finds the next owner or becomes it.
            let _ = events.send(Event::Missed);
            // Dropping the senders tells everyone who waits.
            answers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clear();
        });
        Ok(Self {
            stream,
            writing: Mutex::new(()),
            waiting,
            alive,
            ids: AtomicU64::new(1),
        })
    }

    /// Asks the owner.
    pub(crate) async fn call(&self, call: Call) -> Result<Reply, Failure> {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let (answer_in, answer) = oneshot::channel();
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, answer_in);
        if !self.is_alive() {
            return Err(gone(io::ErrorKind::BrokenPipe.into()));
        }
        {
            let _line = self.writing.lock().await;
            write(&mut &*self.stream, &Asked { id, call })
                .await
                .map_err(gone)?;
        }
        answer
            .await
            .unwrap_or_else(|_| {
                Err(Failure::new(
                    UNSURE,
                    "The other Tandem ended before it answered. Look whether this was done; if not, do it again.",
                ))
            })
    }

    /// Whether the owner is still there.
    pub(crate) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn gone(error: io::Error) -> Failure {
    Failure::new(
        GONE,
        format!("The running Tandem can't be reached: {error}. Close it and start again."),
    )
}
