//! The system's keyring, which keeps the key that wraps the data key.

mod os;

use std::time::Duration;

use uuid::Uuid;
use zeroize::Zeroizing;

pub use os::OsKeyring;

/// A place that keeps keys, each in an entry of its own. Calls block; the vault makes them off the async threads.
pub trait KeyStore: Send + Sync {
    /// What the entry holds, or [`KeyringError::Missing`].
    fn read(&self, entry: Uuid) -> Result<Zeroizing<Vec<u8>>, KeyringError>;

    /// Keeps `key` in the entry, in place of what was there. The vault never writes an entry a second time that holds a
    /// key.
    fn write(&self, entry: Uuid, key: &[u8]) -> Result<(), KeyringError>;

    /// Removes the entry, if it is there. A store that can't do it says so.
    fn remove(&self, _entry: Uuid) -> Result<(), KeyringError> {
        Err(KeyringError::Other("it can't remove keys".to_owned()))
    }

    /// Which program keeps the keys, as people know it, where that can be told.
    fn name(&self) -> Option<String> {
        None
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
    /// The keyring is locked, or has no default collection.
    #[error("The keyring is locked. Unlock it, then try again.")]
    Locked(String),
    /// The keyring asked, and the person or the system declined.
    #[error(
        "The keyring was not allowed to give Tandem its key. Try again and allow it, or use the recovery phrase."
    )]
    Denied(String),
    /// No answer within the deadline, most likely because the keyring waits for the person.
    #[error("The keyring didn't answer within {} seconds. It may be asking for its password in another window: answer it, then try again.", .0.as_secs())]
    Hung(Duration),
    /// The keyring works and has no key of this vault: it was reset, or the entry was deleted.
    #[error(
        "The keyring no longer holds the key for this data; the data is untouched. Restore the keyring, or use the \
         recovery phrase: the keyring then gets a new key."
    )]
    Missing,
    /// As [`Self::Missing`], and the vault was last opened by this way on another machine.
    #[error(
        "This data comes from another computer, whose keyring holds its key; the data is untouched. Use the recovery \
         phrase, and this computer's keyring gets a key of its own."
    )]
    OtherMachine,
    /// As [`Self::Missing`], and another program keeps the keys now.
    #[error(
        "The key for this data is in {was}, but this session uses {now}. Start {was} or sign in to the desktop that \
         uses it, or use the recovery phrase; the data is untouched."
    )]
    Switched {
        /// The program that took the key.
        was: String,
        /// The program that was asked.
        now: String,
    },
    /// As [`Self::Missing`], and the keyring knows that this vault's key was replaced: `keys.json` is older than it.
    #[error(
        "The file keys.json is older than the keyring, as after restoring a home folder: the key was replaced since. \
         Restore the newer folder or the keyring of that time, or use the recovery phrase of that time."
    )]
    Restored,
    /// The entry holds a key that doesn't open the vault.
    #[error(
        "The keyring holds another key than the one that this data was closed with; both are untouched. Restore \
         keys.json and the keyring of the same time, or use the recovery phrase."
    )]
    Changed,
    /// The entry holds the key of another vault.
    #[error(
        "The keyring's entry for this data holds the key of other data of Tandem's; both are untouched. Restore the \
         keyring, or use the recovery phrase."
    )]
    WrongVault,
    /// The keyring holds several keys of this vault, or one that isn't a key.
    #[error(
        "The keyring holds something else, or several keys, where Tandem's key should be. Remove the wrong one, or use \
         the recovery phrase; the data is untouched."
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
            Self::Denied(_) => "keyring-denied",
            Self::Hung(_) => "keyring-hung",
            Self::Missing => "keyring-missing",
            Self::OtherMachine => "keyring-other-machine",
            Self::Switched { .. } => "keyring-switched",
            Self::Restored => "keyring-restored",
            Self::Changed => "keyring-changed",
            Self::WrongVault => "keyring-wrong-vault",
            Self::Ambiguous => "keyring-ambiguous",
            Self::Other(_) => "keyring-failed",
        }
    }
}
