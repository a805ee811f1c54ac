//! Reads a sealed file, from anywhere in it.

use std::io::{self, Read, Seek, SeekFrom};

use aead_stream::StreamPrimitive;
use chacha20poly1305::aead::Payload;
use zeroize::Zeroizing;

use crate::{
    PIECE, SEAL, SealError,
    header::{self, Header, Stream},
    secret::Secret,
};

/// The content of a sealed file. Every piece is checked before a byte of it is given out.
pub struct Opener<R> {
    inner: R,
    header: Header,
    stream: Stream,
    /// Bytes of content.
    length: u64,
    /// Where the next read begins.
    at: u64,
    /// The piece that was opened last, and its place.
    piece: Zeroizing<Vec<u8>>,
    place: Option<u64>,
}

impl<R: Read + Seek> Opener<R> {
    /// Opens it and checks its end: a file that was cut, or sealed with another secret, fails here.
    pub fn new(mut inner: R, secret: &Secret<'_>) -> Result<Self, SealError> {
        let bytes = inner.seek(SeekFrom::End(0))?;
        inner.seek(SeekFrom::Start(0))?;
        let (header, stream) = Header::read(&mut inner, secret)?;
        let sealed = bytes.saturating_sub(header::BYTES as u64);
        let rest = sealed % WHOLE;
        if rest < SEAL as u64 {
            return Err(SealError::Wrong);
        }
        let mut opener = Self {
            inner,
            header,
            stream,
            length: (sealed / WHOLE) * PIECE as u64 + (rest - SEAL as u64),
            at: 0,
            piece: Zeroizing::new(Vec::new()),
            place: None,
        };
        match opener.load(sealed / WHOLE) {
            Ok(()) => Ok(opener),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(SealError::Wrong),
            Err(error) => Err(SealError::Io(error)),
        }
    }

    /// Bytes of content.
    pub fn length(&self) -> u64 {
        self.length
    }

    fn load(&mut self, place: u64) -> io::Result<()> {
        if self.place == Some(place) {
            return Ok(());
        }
        let last = place == self.length / PIECE as u64;
        let content = if last {
            usize::try_from(self.length % PIECE as u64).unwrap_or(0)
        } else {
            PIECE
        };
        let mut sealed = vec![0; content + SEAL];
        self.inner
            .seek(SeekFrom::Start(header::BYTES as u64 + place * WHOLE))?;
        self.inner.read_exact(&mut sealed)?;
        self.place = None;
        let number = u32::try_from(place).map_err(|_| changed())?;
        let payload = Payload {
            msg: &sealed,
            aad: &self.header.bytes,
        };
        self.piece = Zeroizing::new(
            self.stream
                .decrypt(number, last, payload)
                .map_err(|_| changed())?,
        );
        self.place = Some(place);
        Ok(())
    }
}

/// Bytes of a full piece in the file.
const WHOLE: u64 = (PIECE + SEAL) as u64;

fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the sealed file was changed")
}

impl<R: Read + Seek> Read for Opener<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.length || into.is_empty() {
            return Ok(0);
        }
        self.load(self.at / PIECE as u64)?;
        let from = usize::try_from(self.at % PIECE as u64).unwrap_or(usize::MAX);
        let rest = self.piece.get(from..).unwrap_or_default();
        let given = rest.len().min(into.len());
        into[..given].copy_from_slice(&rest[..given]);
        self.at += given as u64;
        Ok(given)
    }
}

impl<R: Read + Seek> Seek for Opener<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "a place before the beginning")
        })?;
        Ok(self.at)
    }
}
