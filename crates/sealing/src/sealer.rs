//! Writes a sealed file as a stream.

use std::io::{self, Write};

use aead_stream::StreamPrimitive;
use chacha20poly1305::aead::Payload;
use zeroize::Zeroizing;

use crate::{
    PIECE, SealError,
    header::{Header, Stream},
    secret::Secret,
};

/// Seals what is written to it. Without [`Sealer::finish`] the file has no end and doesn't open.
pub struct Sealer<W> {
    inner: W,
    header: Header,
    stream: Stream,
    place: u32,
    piece: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealer<W> {
    /// Writes the header. With a passphrase this takes a moment and the memory of its cost.
    pub fn new(mut inner: W, secret: &Secret<'_>) -> Result<Self, SealError> {
        let (header, stream) = Header::new(secret)?;
        inner.write_all(&header.bytes)?;
        Ok(Self {
            inner,
            header,
            stream,
            place: 0,
            piece: Zeroizing::new(Vec::with_capacity(PIECE)),
        })
    }

    /// Seals the rest, marks it as the end and gives back what was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let payload = Payload {
            msg: &self.piece,
            aad: &self.header.bytes,
        };
        let sealed = self
            .stream
            .encrypt(self.place, last, payload)
            .map_err(|_| io::Error::other("a piece can't be sealed"))?;
        self.inner.write_all(&sealed)?;
        self.place = self
            .place
            .checked_add(1)
            .ok_or_else(|| io::Error::other("the file is too large to be sealed"))?;
        self.piece.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Full pieces are never the last: what is left, perhaps nothing, is sealed as the end.
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE {
            self.seal(false)?;
        }
        Ok(taken)
    }

    /// Passes on what is sealed; a piece that isn't full stays here.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
