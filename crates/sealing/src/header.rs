//! The beginning of a sealed file.

use std::io::Read;

use aead_stream::{NewStream, StreamBE32};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use zeroize::Zeroizing;

use crate::{
    SealError,
    secret::{Cost, KEY, SALT, Secret},
};

/// The first bytes of every sealed file.
const MAGIC: &[u8; 8] = b"TANDEMSE";
/// The layout that this code writes and reads.
const VERSION: u8 = 1;
const BY_KEY: u8 = 0;
const BY_PASSPHRASE: u8 = 1;
/// The algorithm's nonce, less a piece's number and the mark of the last.
const NONCE: usize = 19;
/// Bytes of the header: magic, version, kind, memory, passes, lanes (little-endian), salt, nonce.
pub(crate) const BYTES: usize = 8 + 1 + 1 + 12 + SALT + NONCE;

pub(crate) type Stream = StreamBE32<XChaCha20Poly1305>;

/// Whether a file that begins with `bytes` is a sealed one.
pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Everything that a sealed file's pieces are bound to.
pub(crate) struct Header {
    pub(crate) bytes: [u8; BYTES],
}

impl Header {
    /// A new one, with a salt and a nonce of its own, and the stream of its pieces.
    pub(crate) fn new(secret: &Secret<'_>) -> Result<(Self, Stream), SealError> {
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8] = VERSION;
        if let Secret::Passphrase(_, cost) = secret {
            bytes[9] = BY_PASSPHRASE;
            for (at, value) in [cost.memory_kib, cost.passes, cost.lanes]
                .into_iter()
                .enumerate()
            {
                bytes[10 + 4 * at..14 + 4 * at].copy_from_slice(&value.to_le_bytes());
            }
            getrandom::fill(&mut bytes[22..22 + SALT]).map_err(|_| SealError::NoRandomness)?;
        }
        getrandom::fill(&mut bytes[22 + SALT..]).map_err(|_| SealError::NoRandomness)?;
        let header = Self { bytes };
        let stream = header.stream(secret)?;
        Ok((header, stream))
    }

    /// Reads one and finds the stream of its pieces. With a passphrase it takes as long as the file asks for.
    pub(crate) fn read(
        mut from: impl Read,
        secret: &Secret<'_>,
    ) -> Result<(Self, Stream), SealError> {
        let mut bytes = [0; BYTES];
        match from.read_exact(&mut bytes) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(SealError::NotSealed);
            }
            other => other?,
        }
        if !is_sealed(&bytes) {
            return Err(SealError::NotSealed);
        }
        if bytes[8] != VERSION {
            return Err(SealError::Newer);
        }
        let header = Self { bytes };
        let stream = header.stream(secret)?;
        Ok((header, stream))
    }

    fn stream(&self, secret: &Secret<'_>) -> Result<Stream, SealError> {
        let key = match (self.bytes[9], secret) {
            (BY_KEY, Secret::Key(key)) => Zeroizing::new(**key),
            (BY_PASSPHRASE, Secret::Passphrase(passphrase, _)) => {
                self.cost().derive(passphrase, &self.salt())?
            }
            (BY_KEY | BY_PASSPHRASE, _) => return Err(SealError::OtherSecret),
            _ => return Err(SealError::Header),
        };
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&self.bytes[22 + SALT..]);
        let key: &[u8; KEY] = &key;
        Ok(Stream::from_aead(
            XChaCha20Poly1305::new(key.into()),
            &nonce.into(),
        ))
    }

    fn cost(&self) -> Cost {
        let number = |at: usize| {
            let mut bytes = [0; 4];
            bytes.copy_from_slice(&self.bytes[at..at + 4]);
            u32::from_le_bytes(bytes)
        };
        Cost {
            memory_kib: number(10),
            passes: number(14),
            lanes: number(18),
        }
    }

    fn salt(&self) -> [u8; SALT] {
        let mut salt = [0; SALT];
        salt.copy_from_slice(&self.bytes[22..22 + SALT]);
        salt
    }
}
