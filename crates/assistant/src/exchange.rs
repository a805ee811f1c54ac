//! Conversations in and out: one import or export at a time, which can be ended.

mod bring;
#[cfg(test)]
mod round_tests;
mod send;

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tandem_exchange::{ExchangeError, Target};
use tandem_vault::Vault;
use uuid::Uuid;

use crate::{
    assistant::Assistant,
    wire::{Event, ExchangeCall, Failure, Reply},
};

/// Between two words about how far it is.
const PACE: Duration = Duration::from_millis(200);

/// What is under way, if anything is. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Running {
    ended: Arc<Mutex<Option<Arc<AtomicBool>>>>,
}

/// One import or export; another may begin when it is dropped.
struct Turn {
    running: Running,
    ended: Arc<AtomicBool>,
}

impl Running {
    fn begin(&self) -> Result<Turn, Failure> {
        let mut slot = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_some() {
            return Err(Failure::new(
                "exchange.busy",
                "An import or export is under way. Wait for its end, or end it first.",
            ));
        }
        let ended = Arc::new(AtomicBool::new(false));
        *slot = Some(ended.clone());
        Ok(Turn {
            running: self.clone(),
            ended,
        })
    }

    fn cancel(&self) {
        let slot = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ended) = slot.as_ref() {
            ended.store(true, Ordering::Relaxed);
        }
    }
}

impl Turn {
    fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let slot = &self.running.ended;
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Tells hosts how far it is, not too often.
struct Progress<'a> {
    assistant: &'a Assistant,
    done: u64,
    told: Instant,
}

impl<'a> Progress<'a> {
    fn new(assistant: &'a Assistant) -> Self {
        Self {
            assistant,
            done: 0,
            told: Instant::now(),
        }
    }

    fn one_more(&mut self) {
        self.done += 1;
        if self.told.elapsed() >= PACE {
            self.told = Instant::now();
            self.assistant.tell(Event::Exchange { done: self.done });
        }
    }
}

/// Removes files of attachments that an import which was cut off left behind. Before anything can be imported: a file
/// whose row is still to come would be taken for one.
pub(crate) async fn sweep(vault: &Vault) {
    if vault.doubt().is_some() {
        // The database may be an older one; the files may be the newer one's.
        return;
    }
    match vault.sweep_attachments().await {
        Ok(0) => {}
        Ok(swept) => tracing::info!(swept, "files of an import that was cut off are gone"),
        Err(error) => tracing::warn!(%error, "files of attachments can't be looked through"),
    }
}

/// Does what a host asks.
pub(crate) async fn call(assistant: &Assistant, call: ExchangeCall) -> Result<Reply, Failure> {
    match call {
        ExchangeCall::Look { path, passphrase } => {
            let view = bring::look(assistant, place(&path)?, filled(passphrase)).await?;
            Ok(Reply::Import(view))
        }
        ExchangeCall::Import { path, passphrase } => {
            let view = bring::import(assistant, place(&path)?, filled(passphrase)).await?;
            Ok(Reply::Import(view))
        }
        ExchangeCall::Export {
            path,
            format,
            passphrase,
            conversation,
            overwrite,
        } => {
            let order = send::Order {
                path: place(&path)?,
                format,
                passphrase: filled(passphrase),
                conversation,
                overwrite,
            };
            Ok(Reply::Export(send::export(assistant, order).await?))
        }
        ExchangeCall::Save { attachment, path } => {
            save(assistant, attachment, place(&path)?).await?;
            Ok(Reply::Done)
        }
        ExchangeCall::Cancel => {
            assistant.exchange.cancel();
            Ok(Reply::Done)
        }
    }
}

/// Writes an attachment to a new file.
async fn save(assistant: &Assistant, attachment: Uuid, path: PathBuf) -> Result<(), Failure> {
    let bytes = assistant.vault()?.attachment(attachment).await?;
    blocking(move || {
        let mut target = Target::new(&path, false)?;
        target
            .write_all(&bytes)
            .map_err(|source| ExchangeError::Io { path, source })?;
        target.commit()
    })
    .await
}

/// A path that a person typed or chose. Relative ones would depend on which process is asked.
fn place(typed: &str) -> Result<PathBuf, Failure> {
    let path = Path::new(typed.trim());
    if path.is_absolute() {
        return Ok(path.to_owned());
    }
    Err(Failure::new(
        "exchange.path",
        "Give the file's whole path, with all folders from the beginning.",
    ))
}

fn filled(passphrase: Option<String>) -> Option<String> {
    passphrase.filter(|passphrase| !passphrase.is_empty())
}

/// Runs what blocks off the async threads.
async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, ExchangeError> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(call).await {
        Ok(done) => Ok(done?),
        Err(error) => Err(Failure::new("exchange.broken", error.to_string())),
    }
}

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Self {
        Self {
            code: format!("exchange.{}", error.code()),
            message: error.to_string(),
        }
    }
}
