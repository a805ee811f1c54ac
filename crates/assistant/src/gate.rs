//! From nothing to an open vault: what is there, how it is protected, and what to say when it can't be opened.

use tandem_vault::{
    KeyStore, KeyringError, OsKeyring, Protection, Status, Unlock, Vault, VaultError,
};
use uuid::Uuid;

use crate::{
    assistant::Assistant,
    keys, lock,
    wire::{self, Failure, Keyring, VaultState},
};

/// Opens the vault at a start, as far as that goes without the person.
pub(crate) async fn start(assistant: &Assistant) {
    let by_keyring = matches!(Vault::status(&assistant.paths.vault()), Status::Keyring);
    if by_keyring && lock::is_locked(assistant) {
        assistant.show_vault(VaultState::Locked);
        keys::refresh(assistant).await;
    } else {
        open(assistant).await;
    }
}

/// Opens the vault as far as that goes without a secret of the person.
pub(crate) async fn open(assistant: &Assistant) {
    if assistant.is_open() {
        return;
    }
    let dir = assistant.paths.vault();
    let state = match Vault::status(&dir) {
        Status::None => VaultState::New {
            keyring: keyring().await,
        },
        Status::Passphrase | Status::Phrase => VaultState::Locked,
        Status::Trouble(error) => VaultState::Trouble {
            failure: error.into(),
        },
        Status::Keyring => match adopt(assistant, Vault::open(&dir, Unlock::Keyring).await).await {
            Ok(()) => return,
            Err(failure) => VaultState::Trouble { failure },
        },
    };
    assistant.show_vault(state);
    keys::refresh(assistant).await;
}

/// Makes the vault.
pub(crate) async fn protect(assistant: &Assistant, how: wire::Protection) -> Result<(), Failure> {
    let protection = match how {
        wire::Protection::Keyring => Protection::Keyring,
        wire::Protection::Passphrase { passphrase } => {
            Protection::Passphrase(keys::long_enough(passphrase)?)
        }
    };
    adopt(
        assistant,
        Vault::create(&assistant.paths.vault(), protection).await,
    )
    .await
}

/// Opens a vault that a passphrase protects.
pub(crate) async fn unlock(assistant: &Assistant, passphrase: String) -> Result<(), Failure> {
    if assistant.is_open() {
        return Ok(());
    }
    let unlock = Unlock::Passphrase(passphrase.into());
    adopt(
        assistant,
        Vault::open(&assistant.paths.vault(), unlock).await,
    )
    .await
}

pub(crate) async fn adopt(
    assistant: &Assistant,
    opened: Result<Vault, VaultError>,
) -> Result<(), Failure> {
    assistant.adopt(opened?).await
}

/// Whether the system's keyring answers. Asking for an entry that isn't there tells, and changes nothing.
pub(crate) async fn keyring() -> Keyring {
    let asked = tokio::task::spawn_blocking(|| OsKeyring::new().read(Uuid::nil())).await;
    match asked {
        Ok(Ok(_) | Err(KeyringError::Missing)) => Keyring::Ready,
        Ok(Err(error)) => Keyring::Missing {
            message: error.to_string(),
        },
        Err(error) => Keyring::Missing {
            message: error.to_string(),
        },
    }
}
