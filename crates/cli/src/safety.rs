//! Backups, and the ways out when the vault is in trouble.

use std::{
    io::{self, BufRead},
    path::{Path, absolute},
    process::ExitCode,
};

use tandem_assistant::{
    Door,
    wire::{Call, Failure, Reply, SafetyCall, SafetyView},
};

use crate::{
    ask::unexpected,
    speak::{answer, aside},
    unlock,
};

/// What the vault says when it isn't the keyring that opens it.
const NEEDS_PASSPHRASE: &str = "vault.no-such-wrap";

/// Makes a backup.
pub(crate) async fn back_up(door: &Door) -> Result<ExitCode, Failure> {
    let view = ask(door, SafetyCall::BackUp).await?;
    if let Some(newest) = view.backups.first() {
        answer(&format!(
            "A backup of {} was made and checked.\n",
            size(newest.bytes)
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists the backups with the numbers that [`restore`] takes.
pub(crate) async fn list(door: &Door) -> Result<ExitCode, Failure> {
    let view = ask(door, SafetyCall::Look).await?;
    if view.backups.is_empty() {
        answer("There is no backup yet.\n")?;
    }
    for (number, backup) in (1..).zip(&view.backups) {
        let (age, bytes) = (age(backup.made_ms), size(backup.bytes));
        answer(&format!("{number:3}  {age:16}  {bytes}\n"))?;
    }
    if let Some(doubt) = view.doubt {
        aside(&doubt.message);
    }
    Ok(ExitCode::SUCCESS)
}

/// Restores the backup with that number in the list, or the one in that folder.
pub(crate) async fn restore(
    door: &Door,
    which: &str,
    file: Option<&Path>,
) -> Result<ExitCode, Failure> {
    let view = ask(door, SafetyCall::Look).await?;
    let numbered = which
        .parse::<usize>()
        .ok()
        .and_then(|number| view.backups.get(number.checked_sub(1)?));
    let call: Box<dyn Fn(Option<String>) -> SafetyCall> = if let Some(backup) = numbered {
        let made_ms = backup.made_ms;
        Box::new(move |passphrase| SafetyCall::Restore {
            made_ms,
            passphrase,
        })
    } else {
        // Another process may do it, in another folder.
        let path = absolute(which).map_err(|error| Failure {
            code: "backup.folder".into(),
            message: format!("{which} names no folder: {error}."),
        })?;
        let path = path.to_string_lossy().into_owned();
        Box::new(move |passphrase| SafetyCall::RestoreFolder {
            path: path.clone(),
            passphrase,
        })
    };
    with_key(door, file, call).await
}

/// Saves what can be read.
pub(crate) async fn rescue(door: &Door, file: Option<&Path>) -> Result<ExitCode, Failure> {
    with_key(door, file, |passphrase| SafetyCall::Rescue { passphrase }).await
}

/// Opens what is there.
pub(crate) async fn go_on(door: &Door, file: Option<&Path>) -> Result<ExitCode, Failure> {
    with_key(door, file, |passphrase| SafetyCall::GoOn { passphrase }).await
}

/// Deletes everything once the person has typed the word.
pub(crate) async fn erase(door: &Door) -> Result<ExitCode, Failure> {
    aside(
        "This deletes all conversations, settings and backups for good. Type the word erase to do it:",
    );
    let mut word = String::new();
    io::stdin()
        .lock()
        .read_line(&mut word)
        .map_err(|error| Failure {
            code: "erase.unread".into(),
            message: format!("The word can't be read: {error}."),
        })?;
    let view = ask(door, SafetyCall::Erase { word }).await?;
    answer(&format!(
        "{}\n",
        view.told.as_deref().unwrap_or("Everything was deleted.")
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Asks with the keyring first, and with a passphrase where one is needed.
async fn with_key(
    door: &Door,
    file: Option<&Path>,
    call: impl Fn(Option<String>) -> SafetyCall,
) -> Result<ExitCode, Failure> {
    let first = match file {
        Some(_) => Some(unlock::passphrase(file, false)?),
        None => None,
    };
    let done = match ask(door, call(first)).await {
        Err(failure) if failure.code == NEEDS_PASSPHRASE && file.is_none() => {
            let passphrase = unlock::passphrase(None, false)?;
            ask(door, call(Some(passphrase))).await
        }
        done => done,
    };
    answer(&format!("{}\n", done?.told.as_deref().unwrap_or("Done.")))?;
    Ok(ExitCode::SUCCESS)
}

async fn ask(door: &Door, what: SafetyCall) -> Result<SafetyView, Failure> {
    match door.call(Call::Safety { what }).await? {
        Reply::Safety(view) => Ok(view),
        _ => Err(unexpected()),
    }
}

/// How long ago that was, roughly.
fn age(made_ms: i64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let made = std::time::Duration::from_millis(u64::try_from(made_ms).unwrap_or_default());
    let Some(ago) = now.checked_sub(made) else {
        return "in the future".to_owned();
    };
    let many = |number: u64, what: &str| match number {
        1 => format!("1 {what} ago"),
        number => format!("{number} {what}s ago"),
    };
    match ago.as_secs() / 60 {
        0 => "just now".to_owned(),
        minutes @ 1..60 => many(minutes, "minute"),
        minutes @ 60..1440 => many(minutes / 60, "hour"),
        minutes => many(minutes / 1440, "day"),
    }
}

fn size(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_megabytes() {
        assert_eq!(size(0), "0.0 MB");
        assert_eq!(size(1_250_000), "1.2 MB");
        assert_eq!(size(123_456_789), "123.4 MB");
    }

    #[test]
    fn a_time_that_has_not_come_is_said() {
        assert_eq!(age(i64::MAX), "in the future");
    }
}
