//! How a vault is protected, and how it is opened.

use std::fmt;

use zeroize::Zeroizing;

use crate::VaultError;

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
        })
    }
}
