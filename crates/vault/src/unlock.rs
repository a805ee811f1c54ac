//! How a vault is protected, and how it is opened.

use std::fmt;

use zeroize::Zeroizing;

use crate::{Phrase, VaultError};

/// What wraps the data key of a new vault.
#[derive(Clone)]
pub enum Protection {
    /// A random key in the system's keyring: the vault opens when the person is signed in.
    Keyring,
    /// A passphrase: nothing that opens the vault is kept anywhere.
    Passphrase(Zeroizing<String>),
}

/// What opens a vault.
#[derive(Clone)]
pub enum Unlock {
    /// The key in the system's keyring.
    Keyring,
    /// The passphrase.
    Passphrase(Zeroizing<String>),
    /// The recovery phrase.
    Phrase(Phrase),
}

/// Which ways lead into a vault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// The system's keyring.
    pub keyring: bool,
    /// A passphrase.
    pub passphrase: bool,
    /// A recovery phrase. Vaults of the first Tandem have none until one is made.
    pub phrase: bool,
}

/// What is found in a folder, before anything is opened.
#[derive(Debug)]
pub enum Status {
    /// Nothing: a vault can be made.
    None,
    /// A vault that the keyring opens.
    Keyring,
    /// A vault that a passphrase opens.
    Passphrase,
    /// A vault that only its recovery phrase opens.
    Phrase,
    /// Something that can't be opened as it is, and why.
    Trouble(VaultError),
}

impl fmt::Debug for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keyring => "Keyring",
            Self::Passphrase(_) => "Passphrase",
        })
    }
}

impl fmt::Debug for Unlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keyring => "Keyring",
            Self::Passphrase(_) => "Passphrase",
            Self::Phrase(_) => "Phrase",
        })
    }
}
