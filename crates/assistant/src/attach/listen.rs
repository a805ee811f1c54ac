//! The owner's side.

use std::{io, sync::Arc};

use interprocess::local_socket::{
    ListenerOptions,
    tokio::{Stream, prelude::*},
};
use tokio::{
    io::BufReader,
    sync::{Mutex, broadcast::error::RecvError},
};

use super::speech::{Asked, Said, name, read, write};
use crate::{
    assistant::Assistant,
    wire::{Event, Failure},
};

/// Listens for later processes of the same person.
pub(crate) fn listen(assistant: &Assistant) -> Result<(), Failure> {
    let fail = |error: io::Error| {
        Failure::new(
            "attach.listen",
            format!("Tandem can't listen for its own later starts: {error}."),
        )
    };
    // The lock says that no owner lives: a socket file that is there was left by one that was killed.
    #[cfg(unix)]
    if let Err(error) = std::fs::remove_file(assistant.paths.socket())
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(fail(error));
    }
    let listener = ListenerOptions::new()
        .name(name(&assistant.paths).map_err(fail)?)
        .create_tokio()
        .map_err(fail)?;
    let assistant = assistant.clone();
    tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok(stream) => match same_person(&stream) {
                    Ok(true) => {
                        tokio::spawn(serve(assistant.clone(), stream));
                    }
                    Ok(false) => tracing::warn!("another account tried to attach"),
                    Err(error) => tracing::warn!(%error, "who attaches can't be told"),
                },
                Err(error) => {
                    tracing::warn!(%error, "a later start could not attach");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    });
    Ok(())
}

/// Whether the other end is a process of this account.
#[cfg(unix)]
fn same_person(stream: &Stream) -> io::Result<bool> {
    let other = stream.peer_creds()?.euid();
    Ok(other.is_some_and(|id| id == rustix::process::geteuid().as_raw()))
}

/// Not told apart yet: a pipe without an access list of its own can be read by other accounts.
#[cfg(windows)]
fn same_person(_: &Stream) -> io::Result<bool> {
    Ok(true)
}

async fn serve(assistant: Assistant, stream: Stream) {
    let stream = Arc::new(stream);
    let writing = Arc::new(Mutex::new(()));
    let mut events = assistant.events();
    let (told, line) = (Arc::clone(&stream), Arc::clone(&writing));
    let telling = tokio::spawn(async move {
        loop {
            let event = match events.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(_)) => Event::Missed,
                Err(RecvError::Closed) => break,
            };
            let _line = line.lock().await;
            if write(&mut &*told, &Said::Event(event)).await.is_err() {
                break;
            }
        }
    });
    let mut reading = BufReader::new(&*stream);
    while let Ok(Some(Asked { id, call })) = read(&mut reading).await {
        let (assistant, stream, writing) =
            (assistant.clone(), Arc::clone(&stream), Arc::clone(&writing));
        tokio::spawn(async move {
            let result = assistant.call(call).await;
            let _line = writing.lock().await;
            let mut written = write(&mut &*stream, &Said::Answer { id, result }).await;
            if let Err(error) = &written
                && error.kind() == io::ErrorKind::FileTooLarge
            {
                let failure = Failure::new(
                    "attach.too-long",
                    "This conversation is too long for a second window. Open it where Tandem was started first.",
                );
                let result = Err(failure);
                written = write(&mut &*stream, &Said::Answer { id, result }).await;
            }
            if let Err(error) = written {
                tracing::debug!(%error, "an attached process is gone");
            }
        });
    }
    telling.abort();
}
