//! What is said over the socket.

use std::io;

use interprocess::local_socket::Name;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::broadcast,
};

use crate::{
    Paths,
    wire::{Call, Event, Failure, Reply},
};

/// Bytes of a line at most: a long question, escaped, fits.
const MAX_LINE: u64 = 16 << 20;

/// From the later process.
#[derive(Serialize, Deserialize)]
pub(super) struct Asked {
    pub id: u64,
    pub call: Call,
}

/// From the owner.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Said {
    Answer {
        id: u64,
        result: Result<Reply, Failure>,
    },
    Event(Event),
}

/// Where the owner of these paths listens.
#[cfg(unix)]
pub(super) fn name(paths: &Paths) -> io::Result<Name<'static>> {
    use interprocess::local_socket::{GenericFilePath, ToFsName};
    paths.socket().to_fs_name::<GenericFilePath>()
}

/// Where the owner of these paths listens.
#[cfg(windows)]
pub(super) fn name(paths: &Paths) -> io::Result<Name<'static>> {
    use std::hash::{DefaultHasher, Hash, Hasher};

    use interprocess::local_socket::{GenericNamespaced, ToNsName};
    let mut hasher = DefaultHasher::new();
    paths.data().hash(&mut hasher);
    format!("tandem-{:016x}", hasher.finish()).to_ns_name::<GenericNamespaced>()
}

/// Reads a line; `None` at the end of the stream.
pub(super) async fn read<T: DeserializeOwned>(
    stream: &mut (impl AsyncBufRead + Unpin),
) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    let read = stream.take(MAX_LINE).read_until(b'\n', &mut line).await?;
    if read == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

/// Writes a line; one that the other side wouldn't read is refused whole.
pub(super) async fn write<T: Serialize>(
    stream: &mut (impl AsyncWrite + Unpin),
    said: &T,
) -> io::Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    if line.len() as u64 > MAX_LINE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    stream.write_all(&line).await?;
    stream.flush().await
}

/// Passes events on.
pub(crate) fn pass_on(mut from: broadcast::Receiver<Event>, to: broadcast::Sender<Event>) {
    tokio::spawn(async move {
        loop {
            match from.recv().await {
                Ok(event) => {
                    // Nobody listening is no fault.
                    let _ = to.send(event);
                }
                Err(broadcast::error::RecvError::Lagged(lost)) => {
                    tracing::warn!(lost, "events were lost");
                    let _ = to.send(Event::Missed);
                }
                Err(broadcast::error::RecvError::Closed) => break,
            }
        }
    });
}
