//! A stream that knows how many bytes the file has left.

use std::io::Read;

use crate::{GgufError, error::shown};

/// Bytes of one string at most: the largest chat templates are far below.
pub(crate) const MAX_STRING: u64 = 16 << 20;
/// Bytes of a whole header at most: large vocabularies take about ten million.
const MAX_HEADER: u64 = 256 << 20;

pub(crate) struct Reader<R> {
    stream: R,
    position: u64,
    length: u64,
}

impl<R: Read> Reader<R> {
    pub(crate) fn new(stream: R, length: u64) -> Self {
        Self {
            stream,
            position: 0,
            length,
        }
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Fails unless `more` bytes are left.
    pub(crate) fn need(&self, more: u64) -> Result<(), GgufError> {
        match self.position.checked_add(more) {
            Some(needed) if needed > MAX_HEADER && needed <= self.length => {
                Err(GgufError::Absurd {
                    what: "the length of the header",
                    value: needed,
                })
            }
            Some(needed) if needed <= self.length => Ok(()),
            Some(needed) => Err(GgufError::Truncated {
                needed,
                length: self.length,
            }),
            None => Err(GgufError::Absurd {
                what: "a length",
                value: more,
            }),
        }
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], GgufError> {
        self.need(N as u64)?;
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes)?;
        self.position += N as u64;
        Ok(bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, GgufError> {
        self.bytes().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, GgufError> {
        self.bytes().map(u64::from_le_bytes)
    }

    /// A count of things that take at least `each` bytes.
    pub(crate) fn count(
        &mut self,
        what: &'static str,
        most: u64,
        each: u64,
    ) -> Result<u64, GgufError> {
        let value = self.u64()?;
        if value > most {
            return Err(GgufError::Absurd { what, value });
        }
        self.need(value.saturating_mul(each))?;
        Ok(value)
    }

    /// The bytes of a string.
    pub(crate) fn raw(&mut self) -> Result<Vec<u8>, GgufError> {
        let length = self.count("the length of a string", MAX_STRING, 1)?;
        let mut bytes = Vec::new();
        (&mut self.stream).take(length).read_to_end(&mut bytes)?;
        self.position += length;
        if bytes.len() as u64 == length {
            Ok(bytes)
        } else {
            Err(self.short())
        }
    }

    /// A string; bytes that aren't UTF-8 are replaced.
    pub(crate) fn string(&mut self) -> Result<String, GgufError> {
        let bytes = self.raw()?;
        Ok(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(e) => String::from_utf8_lossy(e.as_bytes()).into_owned(),
        })
    }

    /// A name. llama.cpp compares names up to their first zero byte: one that goes on behind it would be another here
    /// than there.
    pub(crate) fn name(&mut self, what: &'static str, most: usize) -> Result<String, GgufError> {
        let bytes = self.raw()?;
        if bytes.len() > most {
            return Err(GgufError::Absurd {
                what,
                value: bytes.len() as u64,
            });
        }
        match String::from_utf8(bytes) {
            Ok(name) if !name.is_empty() && !name.contains(char::is_control) => Ok(name),
            Ok(name) => Err(GgufError::Unsound(format!("{} is no name", shown(&name)))),
            Err(_) => Err(GgufError::Unsound("a name is no text".into())),
        }
    }

    pub(crate) fn skip(&mut self, length: u64) -> Result<(), GgufError> {
        self.need(length)?;
        let skipped = std::io::copy(&mut (&mut self.stream).take(length), &mut std::io::sink())?;
        self.position += length;
        if skipped == length {
            Ok(())
        } else {
            Err(self.short())
        }
    }

    /// The stream ended before the length that was told.
    fn short(&self) -> GgufError {
        GgufError::Truncated {
            needed: self.position,
            length: self.length,
        }
    }
}
