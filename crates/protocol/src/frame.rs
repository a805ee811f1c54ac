//! Frames on a byte stream.

use std::io::{self, Read, Write};

use serde::{Serialize, de::DeserializeOwned};

/// Bytes of a body at most. A longer length is a broken or hostile peer, not a message.
pub const MAX_FRAME: usize = 64 << 20;

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The stream ended between two frames: the peer is gone.
    #[error("the other side closed the stream")]
    Closed,
    /// The stream broke.
    #[error("the stream broke: {0}")]
    Io(#[from] io::Error),
    /// The length is beyond [`MAX_FRAME`].
    #[error("a frame of {0} bytes is too long")]
    TooLong(usize),
    /// The body isn't a message.
    #[error("a frame is not a message: {0}")]
    Malformed(#[from] postcard::Error),
}

/// Reads one frame; waits for it.
pub fn read<M: DeserializeOwned>(stream: &mut impl Read) -> Result<M, FrameError> {
    let mut length = [0; 4];
    let mut got = 0;
    while got < length.len() {
        match stream.read(&mut length[got..]) {
            Ok(0) if got == 0 => return Err(FrameError::Closed),
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_FRAME {
        return Err(FrameError::TooLong(length));
    }
    // Grown as bytes arrive: a length alone makes no one allocate.
    let mut body = Vec::with_capacity(length.min(64 << 10));
    stream.take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(postcard::from_bytes(&body)?)
}

/// Writes one frame and flushes it.
pub fn write<M: Serialize>(stream: &mut impl Write, message: &M) -> Result<(), FrameError> {
    let mut frame = postcard::to_extend(message, vec![0; 4])?;
    let length = frame.len() - 4;
    match u32::try_from(length) {
        Ok(n) if length <= MAX_FRAME => frame[..4].copy_from_slice(&n.to_le_bytes()),
        _ => return Err(FrameError::TooLong(length)),
    }
    stream.write_all(&frame)?;
    stream.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Event, Request};

    #[test]
    fn a_length_beyond_the_limit_is_refused_unread() {
        let frame = u32::MAX.to_le_bytes();
        assert!(matches!(
            read::<Request>(&mut &frame[..]),
            Err(FrameError::TooLong(_))
        ));
    }

    #[test]
    fn the_end_between_frames_is_told_from_the_end_within_one() {
        assert!(matches!(
            read::<Request>(&mut &[][..]),
            Err(FrameError::Closed)
        ));
        assert!(matches!(
            read::<Request>(&mut &[1, 0][..]),
            Err(FrameError::Io(_))
        ));
        assert!(matches!(
            read::<Request>(&mut &[9, 0, 0, 0, 1][..]),
            Err(FrameError::Io(_))
        ));
    }

    proptest! {
        #[test]
        fn a_request_arrives_as_it_was_sent(job: u32) {
            let mut wire = vec![];
            write(&mut wire, &Request::Cancel { job }).unwrap();
            let Request::Cancel { job: read } = read(&mut wire.as_slice()).unwrap() else { panic!("another request") };
            prop_assert_eq!(read, job);
        }

        #[test]
        fn hostile_bytes_are_an_error_and_never_a_panic(bytes: Vec<u8>) {
            let _ = read::<Event>(&mut bytes.as_slice());
            let _ = read::<Request>(&mut bytes.as_slice());
        }
    }
}
