//! Events to the host.

use std::{
    fs::File,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use tandem_protocol::{FrameError, write};

/// The stream to the host, shared with callbacks.
#[derive(Clone)]
pub(crate) struct Outbox(Arc<Mutex<File>>);

impl Outbox {
    pub(crate) fn new(stream: File) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    /// Sends a message. An error means that the host is gone.
    pub(crate) fn send<M: Serialize>(&self, message: &M) -> Result<(), FrameError> {
        write(
            &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner),
            message,
        )
    }
}
