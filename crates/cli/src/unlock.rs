//! An open vault, with the person's help where that is needed.

use std::{
    fs,
    io::{self, IsTerminal},
    path::Path,
};

use tandem_assistant::{
    Door,
    wire::{Call, Failure, Keyring, Protection, Reply, VaultState},
};

use crate::speak::aside;

/// Opens the vault, or makes it.
pub(crate) async fn open(door: &Door, passphrase_file: Option<&Path>) -> Result<(), Failure> {
    let Reply::State(state) = door.call(Call::State).await? else {
        return Ok(());
    };
    let call = match state.vault {
        VaultState::Open => return Ok(()),
        VaultState::Trouble { failure } => return Err(failure),
        VaultState::Locked => Call::Unlock {
            passphrase: passphrase(passphrase_file, false)?,
        },
        VaultState::New {
            keyring: Keyring::Ready,
        } if passphrase_file.is_none() => {
            aside("Your conversations are kept encrypted; the key is in the system's keyring.");
            Call::Protect {
                protection: Protection::Keyring,
            }
        }
        VaultState::New { keyring } => {
            if let Keyring::Missing { message } = keyring {
                aside(&message);
                aside(
                    "A passphrase can protect your conversations instead. Without it no one can read them, you neither.",
                );
            }
            Call::Protect {
                protection: Protection::Passphrase {
                    passphrase: passphrase(passphrase_file, true)?,
                },
            }
        }
    };
    door.call(call).await.map(drop)
}

/// The passphrase, out of the file or typed; twice when it is a new one.
pub(crate) fn passphrase(file: Option<&Path>, new: bool) -> Result<String, Failure> {
    let fail = |error: io::Error| Failure {
        code: "passphrase.unread".into(),
        message: format!("The passphrase can't be read: {error}."),
    };
    if let Some(file) = file {
        let text = fs::read_to_string(file).map_err(fail)?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure {
            code: "passphrase.no-terminal".into(),
            message: "A passphrase is needed and there is no terminal to type it in. Name a file that holds it with \
                      --passphrase-file, or start Tandem in a terminal."
                .into(),
        });
    }
    if !new {
        return rpassword::prompt_password("Passphrase: ").map_err(fail);
    }
    loop {
        let first = rpassword::prompt_password("New passphrase (at least eight characters): ")
            .map_err(fail)?;
        if first.chars().count() < 8 {
            aside("That is too short.");
            continue;
        }
        if rpassword::prompt_password("Once more: ").map_err(fail)? == first {
            return Ok(first);
        }
        aside("The two were not the same.");
    }
}
