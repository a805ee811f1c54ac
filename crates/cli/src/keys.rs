//! The ways into the vault, in the terminal.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use tandem_assistant::{
    Door,
    wire::{AppState, Call, Failure, KeysCall, PhraseWord, Reply},
};

use crate::{
    ask::unexpected,
    speak::aside,
    unlock::{passphrase as ask_passphrase, secret},
};

/// Locks.
pub(crate) async fn lock(door: &Door) -> Result<ExitCode, Failure> {
    make(door, KeysCall::Lock).await?;
    aside("Locked.");
    Ok(ExitCode::SUCCESS)
}

/// Shows a new recovery phrase, has two words of it typed, and takes it into use; together with new keys, if those are
/// wanted.
pub(crate) async fn phrase(door: &Door, new_keys: bool) -> Result<ExitCode, Failure> {
    at_terminal("A recovery phrase is shown at a terminal only.")?;
    if new_keys {
        aside("New keys come with a new recovery phrase; the old one then opens only old backups.");
    }
    let current = current(door).await?;
    let call = KeysCall::Phrase { current, new_keys };
    show_and_check(door, call, false).await?;
    if new_keys {
        aside("Everything is encrypted with new keys.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows the phrase of a vault that was just made. It may be put off.
pub(crate) async fn show_first(door: &Door) -> Result<(), Failure> {
    let call = KeysCall::Phrase {
        current: None,
        new_keys: false,
    };
    show_and_check(door, call, true).await
}

/// Sets, changes or removes the passphrase.
pub(crate) async fn passphrase(door: &Door, remove: bool) -> Result<ExitCode, Failure> {
    at_terminal("A passphrase is typed at a terminal only.")?;
    let current = current(door).await?;
    let call = match (remove, current) {
        (true, Some(current)) => KeysCall::NoPassphrase { current },
        (true, None) => {
            aside("There is no passphrase.");
            return Ok(ExitCode::SUCCESS);
        }
        (false, current) => KeysCall::Passphrase {
            current,
            passphrase: ask_passphrase(None, true)?,
        },
    };
    make(door, call).await?;
    aside(if remove {
        "The system's keyring keeps the key again."
    } else {
        "The passphrase protects your conversations from the next start on."
    });
    Ok(ExitCode::SUCCESS)
}

async fn show_and_check(door: &Door, call: KeysCall, may_wait: bool) -> Result<(), Failure> {
    let Reply::Phrase(words) = door.call(Call::Keys { what: call }).await? else {
        return Err(unexpected());
    };
    aside(
        "\nYour recovery phrase. Write it on paper: it opens your conversations if the keyring or the passphrase is lost.\n\
         Whoever has it can read them. It is shown only now.\n",
    );
    for (row, words) in words.chunks(4).enumerate() {
        let row: Vec<String> = words
            .iter()
            .enumerate()
            .map(|(column, word)| format!("{:2}. {word:<10}", row * 4 + column + 1))
            .collect();
        aside(&row.join(" "));
    }
    aside("");
    let count = u32::try_from(words.len()).unwrap_or_default();
    let numbers = two_of(count);
    loop {
        let mut typed = vec![];
        for number in numbers {
            let word = line(&format!(
                "Word {number}{}: ",
                if may_wait {
                    " (Enter to do this later)"
                } else {
                    ""
                }
            ))?;
            if word.is_empty() {
                make(door, KeysCall::Later).await?;
                aside(if may_wait {
                    "`tandem phrase` shows a new one."
                } else {
                    "Nothing was changed."
                });
                return Ok(());
            }
            typed.push(PhraseWord { number, word });
        }
        match make(door, KeysCall::Check { words: typed }).await {
            Err(failure) if failure.code == "phrase.other-word" => aside(&failure.message),
            result => return result.map(drop),
        }
    }
}

/// Two different numbers up to `count`. Which they are is no secret: the clock's last digits choose.
fn two_of(count: u32) -> [u32; 2] {
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    let count = count.max(2);
    let first = nanos / 1_000 % count;
    let second = (first + 1 + nanos / 1_000_000 % (count - 1)) % count;
    [first.min(second) + 1, first.max(second) + 1]
}

/// The present passphrase, where there is one.
async fn current(door: &Door) -> Result<Option<String>, Failure> {
    match door.call(Call::State).await? {
        Reply::State(state) if state.keys.passphrase => secret("Present passphrase: ").map(Some),
        _ => Ok(None),
    }
}

async fn make(door: &Door, what: KeysCall) -> Result<AppState, Failure> {
    match door.call(Call::Keys { what }).await? {
        Reply::State(state) => Ok(state),
        _ => Err(unexpected()),
    }
}

fn line(prompt: &str) -> Result<String, Failure> {
    let fail = |error: io::Error| Failure {
        code: "terminal.broken".into(),
        message: format!("The terminal can't be read: {error}."),
    };
    let mut err = io::stderr();
    err.write_all(prompt.as_bytes())
        .and_then(|()| err.flush())
        .map_err(fail)?;
    let mut typed = String::new();
    io::stdin().read_line(&mut typed).map_err(fail)?;
    Ok(typed.trim().to_owned())
}

fn at_terminal(message: &str) -> Result<(), Failure> {
    if io::stdin().is_terminal() {
        Ok(())
    } else {
        Err(Failure {
            code: "terminal.none".into(),
            message: message.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::two_of;

    #[test]
    fn two_words_are_two() {
        for _ in 0..1000 {
            let [first, second] = two_of(12);
            assert!(
                1 <= first && first < second && second <= 12,
                "{first} {second}"
            );
        }
    }
}
