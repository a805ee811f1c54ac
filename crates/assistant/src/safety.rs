//! Backups, and the ways out when the vault is in trouble.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::Duration,
};

use tandem_vault::{Rescued, Status, Unlock, Vault, VaultError};

use crate::{
    assistant::Assistant,
    conversations::now_ms,
    gate,
    wire::{BackupRow, Failure, Reply, SafetyCall, SafetyView},
};

/// Age of the newest backup, in milliseconds, from which a new one is made.
const DAILY: i64 = 24 * 60 * 60 * 1000;
/// When that is looked at first, and how often then.
const FIRST_LOOK: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_mins(10);
/// What a person types to delete everything.
const ERASE: &str = "erase";

/// Does what a host asks.
pub(crate) async fn call(assistant: &Assistant, what: SafetyCall) -> Result<Reply, Failure> {
    if needs_passphrase(assistant, &what) {
        // Before the vault is closed for it.
        return Err(VaultError::NoSuchWrap.into());
    }
    let told = match what {
        SafetyCall::Look => None,
        SafetyCall::BackUp => {
            assistant.vault()?.back_up(now_ms()).await?;
            None
        }
        SafetyCall::ForgetBackups => {
            let vault = assistant.vault()?;
            let made = vault.back_up(now_ms()).await?;
            vault.forget_backups(made.made_ms).await?;
            None
        }
        SafetyCall::Restore {
            made_ms,
            passphrase,
        } => {
            let backups = Vault::backups(&assistant.paths.vault())?;
            let backup = backups
                .into_iter()
                .find(|backup| backup.made_ms == made_ms)
                .ok_or_else(|| {
                    Failure::new("backup.unknown", "This backup isn't there any more.")
                })?;
            Some(restore(assistant, &backup.path, passphrase).await?)
        }
        SafetyCall::RestoreFolder { path, passphrase } => {
            Some(restore(assistant, Path::new(path.trim()), passphrase).await?)
        }
        SafetyCall::Rescue { passphrase } => Some(rescue(assistant, passphrase).await?),
        SafetyCall::GoOn { passphrase } => {
            go_on(assistant, passphrase).await?;
            None
        }
        SafetyCall::Erase { word } => erase(assistant, &word).await?,
    };
    Ok(Reply::Safety(view(assistant, told)?))
}

/// Whether the key is asked of the keyring, and a passphrase has it.
fn needs_passphrase(assistant: &Assistant, what: &SafetyCall) -> bool {
    let (SafetyCall::Restore { passphrase, .. }
    | SafetyCall::RestoreFolder { passphrase, .. }
    | SafetyCall::Rescue { passphrase }
    | SafetyCall::GoOn { passphrase }) = what
    else {
        return false;
    };
    passphrase.is_none() && matches!(Vault::status(&assistant.paths.vault()), Status::Passphrase)
}

fn view(assistant: &Assistant, told: Option<String>) -> Result<SafetyView, Failure> {
    let backups = Vault::backups(&assistant.paths.vault())?;
    let doubt = assistant.vault().ok().and_then(|vault| vault.doubt());
    Ok(SafetyView {
        backups: backups
            .iter()
            .map(|backup| BackupRow {
                made_ms: backup.made_ms,
                bytes: backup.bytes,
            })
            .collect(),
        doubt: doubt
            .map(|doubt| Failure::new(&format!("vault.{}", doubt.code()), doubt.to_string())),
        told,
    })
}

async fn restore(
    assistant: &Assistant,
    backup: &Path,
    passphrase: Option<String>,
) -> Result<String, Failure> {
    assistant.close().await;
    let dir = assistant.paths.vault();
    let restored = Vault::restore(&dir, backup, unlock(passphrase.clone()), now_ms()).await;
    let kept = reopen(assistant, passphrase, restored).await?;
    Ok(format!(
        "The backup was restored. What was there before is kept in {}.",
        kept.display()
    ))
}

async fn rescue(assistant: &Assistant, passphrase: Option<String>) -> Result<String, Failure> {
    assistant.close().await;
    let dir = assistant.paths.vault();
    let rescued = Vault::rescue(&dir, unlock(passphrase.clone()), now_ms()).await;
    let rescued = reopen(assistant, passphrase, rescued).await?;
    Ok(rescue_words(&rescued))
}

fn rescue_words(rescued: &Rescued) -> String {
    let lost = match (rescued.lost_messages, rescued.lost_others) {
        (0, 0) => "Nothing seems to be lost.".to_owned(),
        (messages, 0) => format!("Up to {messages} messages could not be read."),
        (0, _) => "Some titles, folders, tags or settings could not be read.".to_owned(),
        (messages, _) => format!(
            "Up to {messages} messages, and some titles, folders, tags or settings, could not be read."
        ),
    };
    format!(
        "{} messages in {} conversations were saved. {lost} The damaged files are kept in {}.",
        rescued.messages,
        rescued.conversations,
        rescued.kept.display()
    )
}

async fn go_on(assistant: &Assistant, passphrase: Option<String>) -> Result<(), Failure> {
    assistant.close().await;
    let opened = Vault::go_on(&assistant.paths.vault(), unlock(passphrase)).await;
    match opened {
        Ok(vault) => assistant.adopt(vault).await,
        Err(error) => {
            gate::open(assistant).await;
            Err(error.into())
        }
    }
}

async fn erase(assistant: &Assistant, word: &str) -> Result<Option<String>, Failure> {
    if word.trim() != ERASE {
        let message = format!("Nothing was deleted. To delete everything, type \"{ERASE}\".");
        return Err(Failure::new("erase.word", message));
    }
    assistant.close().await;
    let erased = Vault::erase(&assistant.paths.vault()).await;
    gate::open(assistant).await;
    Ok(erased?.keyring.map(|words| {
        format!("Everything was deleted. The system's keyring kept an entry, which opens nothing any more: {words}")
    }))
}

/// Opens what is there now, changed or not, and passes on how the change went.
async fn reopen<T>(
    assistant: &Assistant,
    passphrase: Option<String>,
    done: Result<T, VaultError>,
) -> Result<T, Failure> {
    match (done, passphrase) {
        (Ok(done), Some(passphrase)) => {
            gate::unlock(assistant, passphrase).await?;
            Ok(done)
        }
        (done, _) => {
            gate::open(assistant).await;
            Ok(done?)
        }
    }
}

fn unlock(passphrase: Option<String>) -> Unlock {
    passphrase.map_or(Unlock::Keyring, |passphrase| {
        Unlock::Passphrase(passphrase.into())
    })
}

/// Makes a backup a day of `vault` while nothing is being answered, until it is closed.
pub(crate) async fn back_up_daily(assistant: Assistant, vault: Weak<Vault>) {
    let mut wait = FIRST_LOOK;
    loop {
        tokio::time::sleep(wait).await;
        wait = LOOK;
        assistant.turns.idle().await;
        // Not held while it waits: a vault that is locked leaves no key behind.
        let Some(vault) = vault.upgrade() else {
            return;
        };
        let is_open = assistant
            .vault()
            .is_ok_and(|open| Arc::ptr_eq(&open, &vault));
        if !is_open {
            return;
        }
        match due(vault.dir().to_owned(), now_ms()).await {
            Ok(true) => match vault.back_up(now_ms()).await {
                Ok(backup) => tracing::info!(bytes = backup.bytes, "a backup was made"),
                Err(error) => tracing::warn!(code = error.code(), "no backup could be made"),
            },
            Ok(false) => {}
            Err(failure) => tracing::warn!(code = failure.code, "backups could not be listed"),
        }
    }
}

/// Whether the newest backup is older than a day, or of a time that hasn't come: the clock was wrong then, or is now.
async fn due(dir: PathBuf, now_ms: i64) -> Result<bool, Failure> {
    let listed = tokio::task::spawn_blocking(move || Vault::backups(&dir)).await;
    let backups = listed.map_err(|error| Failure::new("backup.list", error.to_string()))??;
    Ok(!backups
        .iter()
        .any(|backup| (now_ms - DAILY..=now_ms).contains(&backup.made_ms)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tandem_vault::Protection;

    use super::*;

    const WORDS: &str = "correct horse battery";

    #[tokio::test]
    async fn a_backup_is_due_once_a_day_whatever_the_clock_did() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::create(dir.path(), Protection::Passphrase(WORDS.to_owned().into()))
            .await
            .unwrap();
        let due = |now| due(dir.path().to_owned(), now);
        let now = 1_764_277_381_042;
        assert!(due(now).await.unwrap());
        vault.back_up(now).await.unwrap();
        assert!(!due(now).await.unwrap());
        assert!(!due(now + DAILY).await.unwrap());
        assert!(due(now + DAILY + 1).await.unwrap());
        assert!(due(now - 1).await.unwrap(), "made in the future");
        vault.close().await.unwrap();
        Vault::open(dir.path(), Unlock::Passphrase(WORDS.to_owned().into()))
            .await
            .unwrap();
    }

    #[test]
    fn what_was_lost_is_said() {
        let rescued = |lost_messages, lost_others| {
            rescue_words(&Rescued {
                conversations: 2,
                messages: 30,
                lost_messages,
                lost_others,
                kept: "/somewhere/damaged".into(),
            })
        };
        assert!(rescued(0, 0).contains("Nothing seems to be lost"));
        assert!(rescued(7, 0).contains("7 messages could not"));
        assert!(rescued(7, 1).contains("7 messages, and some titles"));
        assert!(rescued(0, 1).contains("/somewhere/damaged"));
    }
}
