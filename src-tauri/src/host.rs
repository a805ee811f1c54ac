//! The shell's one piece of state: the door to the assistant.

use tandem_assistant::{Door, Paths, keep_logs, wire::Failure};
use tokio::sync::{Notify, OnceCell};

#[derive(Default)]
pub(crate) struct Host {
    door: OnceCell<Door>,
    /// Told when the page has shown the last events.
    pub(crate) seen: Notify,
}

impl Host {
    /// The door, opened with the first need of it. What kept it shut is tried again with the next need: the window shows
    /// it, and the person may have repaired it.
    pub(crate) async fn door(&self) -> Result<Door, Failure> {
        self.door.get_or_try_init(open).await.cloned()
    }

    /// Ends what this process owns.
    pub(crate) async fn close(&self) {
        if let Some(door) = self.door.get() {
            door.close().await;
        }
    }
}

async fn open() -> Result<Door, Failure> {
    let paths = Paths::new(None)?;
    if let Err(error) = keep_logs(&paths) {
        tracing::warn!(%error, "no log is kept");
    }
    Door::open(paths).await
}
