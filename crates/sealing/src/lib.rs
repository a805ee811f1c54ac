//! Sealed files: encrypted in pieces of 64 KiB with a passphrase or a key, written as a stream, read from anywhere.
//!
//! A file is a header and pieces. Each piece is sealed with XChaCha20-Poly1305, bound to its place, to whether it is the
//! last, and to the header (the STREAM construction): a file that was changed, cut, lengthened or put together in another
//! order doesn't open, or fails where it was changed. docs/archive.md gives the bytes.

mod header;
mod opener;
mod sealer;
mod secret;

pub use header::is_sealed;
pub use opener::Opener;
pub use sealer::Sealer;
pub use secret::{Cost, Secret};

/// Bytes of content in a piece; the last one holds fewer.
pub const PIECE: usize = 64 * 1024;
/// Bytes that sealing adds to a piece.
const SEAL: usize = 16;

/// Why a file can't be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It doesn't begin as a sealed file does.
    #[error("This isn't a sealed file.")]
    NotSealed,
    /// It was sealed by a later Tandem.
    #[error("A newer Tandem sealed this file. Update Tandem and try again.")]
    Newer,
    /// It was sealed with a passphrase and a key was given, or the other way round.
    #[error("This file needs the passphrase that it was sealed with.")]
    OtherSecret,
    /// The header asks for more work than a file may.
    #[error("The file's header is damaged.")]
    Header,
    /// The secret is another one, or the file's end was changed or cut.
    #[error("The passphrase is another one, or the file was cut or changed.")]
    Wrong,
    /// The system gives no random bytes.
    #[error("The system gives no random numbers. Restart the device.")]
    NoRandomness,
    /// The file can't be read or written.
    #[error("The file can't be read or written: {0}")]
    Io(#[from] std::io::Error),
}

impl SealError {
    /// A stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotSealed => "not-sealed",
            Self::Newer => "newer",
            Self::OtherSecret => "other-secret",
            Self::Header => "header",
            Self::Wrong => "wrong",
            Self::NoRandomness => "no-randomness",
            Self::Io(_) => "io",
        }
    }
}
