//! An open vault, with the person's help where that is needed.

use std::{
    fs,
    io::{self, IsTerminal},
    path::Path,
};

use tandem_assistant::{
    Door,
    wire::{
        AppState, Call, Failure, Keyring, KeysCall, PhraseState, Protection, Reply, VaultState,
    },
};

use crate::{keys, speak::aside};

/// Opens the vault, or makes it.
pub(crate) async fn open(door: &Door, passphrase_file: Option<&Path>) -> Result<(), Failure> {
    let Reply::State(state) = door.call(Call::State).await? else {
        return Ok(());
    };
    let recoverable = state.keys.phrase != PhraseState::None;
    let call = match state.vault {
        VaultState::Open => return Ok(()),
        // The phrase opens what the keyring can't; a damaged file it doesn't mend.
        VaultState::Trouble { failure }
            if failure.code.starts_with("vault.keyring-") && recoverable =>
        {
            aside(&failure.message);
            return recover(door, failure).await;
        }
        VaultState::Trouble { failure } => return Err(failure),
        VaultState::Locked if state.keys.keyring => Call::Retry,
        VaultState::Locked if !state.keys.passphrase => {
            let failure = Failure {
                code: "vault.no-such-wrap".into(),
                message: "Only the recovery phrase opens this data.".into(),
            };
            return recover(door, failure).await;
        }
        VaultState::Locked => {
            if recoverable && passphrase_file.is_none() && io::stdin().is_terminal() {
                aside(
                    "If you don't know it any more, press Enter: the recovery phrase is asked then.",
                );
            }
            let passphrase = passphrase(passphrase_file, false)?;
            if passphrase.is_empty() && recoverable {
                let failure = Failure {
                    code: "passphrase.empty".into(),
                    message: "Without passphrase and phrase nothing opens.".into(),
                };
                return recover(door, failure).await;
            }
            Call::Unlock { passphrase }
        }
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
                    "A passphrase can protect your conversations instead. Without it, only the recovery phrase opens them.",
                );
            }
            Call::Protect {
                protection: Protection::Passphrase {
                    passphrase: passphrase(passphrase_file, true)?,
                },
            }
        }
    };
    let Reply::State(state) = door.call(call).await? else {
        return Ok(());
    };
    opened(door, state).await
}

/// What is due when the vault has opened, or the failure when it hasn't.
async fn opened(door: &Door, state: AppState) -> Result<(), Failure> {
    if let VaultState::Trouble { failure } = state.vault {
        return Err(failure);
    }
    if state.keys.phrase == PhraseState::New {
        if io::stdin().is_terminal() {
            keys::show_first(door).await?;
        } else {
            aside(
                "`tandem phrase` shows a recovery phrase, which opens your conversations if all else is lost.",
            );
        }
    }
    Ok(())
}

/// Asks for the recovery phrase where somebody can type it; else the failure stands.
async fn recover(door: &Door, failure: Failure) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(failure);
    }
    let phrase = secret("Recovery phrase (Enter to give up): ")?;
    if phrase.trim().is_empty() {
        return Err(failure);
    }
    let recovered = door
        .call(Call::Keys {
            what: KeysCall::Recover { phrase },
        })
        .await?;
    if matches!(&recovered, Reply::State(state) if state.keys.keyring_lost) {
        // Told, not failed at: the conversations are open.
        match door
            .call(Call::Keys {
                what: KeysCall::Keyring,
            })
            .await
        {
            Ok(_) => aside("The system's keyring has a new key."),
            Err(failure) => aside(&failure.message),
        }
    }
    Ok(())
}

/// Asks for something that nobody else should read.
pub(crate) fn secret(prompt: &str) -> Result<String, Failure> {
    rpassword::prompt_password(prompt).map_err(|error| Failure {
        code: "passphrase.unread".into(),
        message: format!("It can't be read: {error}."),
    })
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
