//! The shell's one piece of state: the door to the assistant.

use tandem_assistant::{Door, Paths, wire::Failure};
use tokio::sync::{Notify, OnceCell};

pub(crate) struct Host {
    paths: Paths,
    door: OnceCell<Result<Door, Failure>>,
    /// Told when the page has shown the last events.
    pub(crate) seen: Notify,
}

impl Host {
    pub(crate) fn new(paths: Paths) -> Self {
        Self {
            paths,
            door: OnceCell::new(),
            seen: Notify::new(),
        }
    }

    /// The door, opened with the first need of it.
    pub(crate) async fn door(&self) -> Result<Door, Failure> {
        self.door
            .get_or_init(|| Door::open(self.paths.clone()))
            .await
            .clone()
    }

    /// Ends what this process owns.
    pub(crate) async fn close(&self) {
        if let Some(Ok(door)) = self.door.get() {
            door.close().await;
        }
    }
}
