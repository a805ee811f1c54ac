//! The system's keyring, which keeps the key that wraps the data key.

mod os;

use std::time::Duration;

use uuid::Uuid;
use zeroize::Zeroizing;

pub use os::OsKeyring;

/// A place that keeps one key for each vault. Calls block; the vault makes them off the async threads.
pub trait KeyStore: Send + Sync {
    /// The key of the vault `vault`, or [`KeyringError::Missing`].
    fn read(&self, vault: Uuid) -> Result<Zeroizing<Vec<u8>>, KeyringError>;

    /// Keeps `key` for the vault `vault`, in place of an earlier one.
    fn write(&self, vault: Uuid, key: &[u8]) -> Result<(), KeyringError>;

    /// Removes the entry, if it is there. A store that can't do it says so.
    fn remove(&self, _entry: Uuid) -> Result<(), KeyringError> {
        Err(KeyringError::Other("it can't remove keys".to_owned()))
    }
}

/// Why the keyring didn't give or take a key. The data is untouched in every case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// No keyring runs: on Linux, no Secret Service on the session bus, or no bus.
    #[error(
        "No keyring is running, so Tandem's key can't be reached. Start your desktop's keyring (GNOME Keyring or \
         KWallet), then try again."
    )]
    NoKeyring(String),
    /// The keyring is locked, has no default collection, or the person declined.
    #[error("The keyring is locked, or refused to help. Unlock it, then try again.")]
    Locked(String),
    /// No answer within the deadline, most likely because the keyring waits for the person.
    #[error("The keyring didn't answer within {} seconds. It may be asking for its password in another window: answer it, then try again.", .0.as_secs())]
    Hung(Duration),
    /// The keyring works and has no key of this vault.
    #[error(
        "The keyring holds no key for this data. Sign in as the user who made it, or restore the keyring; the data is \
         untouched."
    )]
    Missing,
    /// The keyring holds several keys of this vault, or one that isn't a key.
    #[error(
        "The keyring holds something else, or several keys, where Tandem's key should be. Remove the wrong one; the data is untouched."
    )]
    Ambiguous,
    /// Anything else, in the keyring's words.
    #[error("The keyring failed ({0}). Try again; if it stays so, sign out and in.")]
    Other(String),
}

impl KeyringError {
    /// A stable word for the host's `{ code, message }`.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoKeyring(_) => "keyring-none",
            Self::Locked(_) => "keyring-locked",
            Self::Hung(_) => "keyring-hung",
            Self::Missing => "keyring-missing",
            Self::Ambiguous => "keyring-ambiguous",
            Self::Other(_) => "keyring-failed",
        }
    }
}
