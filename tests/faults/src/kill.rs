//! A process that works on a vault is killed at a random moment; then everything that it was told is kept must be there.

pub mod child;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tandem_vault::{KeyStore, Protection, Status, Unlock, Vault, VaultError};

use crate::{
    act::Act,
    campaign::{Campaign, wait_for},
    fresh,
    ground::Ground,
    keyring::FileKeys,
    ledger::Ledger,
    lines::{Line, Worker},
    older,
    tally::Tally,
};

/// Kills in the life of one vault.
const KILLS: u64 = 20;
/// Milliseconds of streamed text that may be lost.
const MOST_LOST_MS: f64 = 250.0;

/// The campaign: a case is the life of one vault, from its first owner to its twentieth kill.
pub struct Kill;

/// What the process is at when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Acts,
    Stream,
    Making,
    Migration,
    /// Imports and backups, one after the other.
    Copies,
    /// New keys.
    Rotation,
}

impl Life {
    fn of(number: u64) -> Self {
        match number % 12 {
            1 => Self::Stream,
            2 | 7 => Self::Migration,
            3 => Self::Making,
            4 | 8 => Self::Copies,
            5 => Self::Rotation,
            _ => Self::Acts,
        }
    }

    fn work(self) -> &'static str {
        match self {
            Self::Acts => "acts",
            Self::Stream => "stream",
            Self::Making | Self::Migration => "begin",
            Self::Copies => "copies",
            Self::Rotation => "rotate",
        }
    }
}

impl Campaign for Kill {
    fn name(&self) -> &'static str {
        "kill"
    }

    fn what(&self) -> &'static str {
        "processes killed at random moments of streams, appends, deletions, checkpoints, migrations, making and closing"
    }

    fn cases(&self, full: bool) -> u64 {
        if full { 540 } else { 12 }
    }

    fn case(&self, ground: &Ground, number: u64) -> Result<Tally> {
        let folder = ground.folder()?;
        let dir = folder.path().join("vault");
        let keys_dir = folder.path().join("keys");
        std::fs::create_dir(&keys_dir)?;
        let keys: Arc<dyn KeyStore> = Arc::new(FileKeys::new(&keys_dir));
        let mut random = ground.random(self.name(), number);
        let life = Life::of(number);
        let kills = if ground.full { KILLS } else { 4 };
        let mut tally = Tally::default();
        let mut ledger = Ledger::default();
        match life {
            Life::Making | Life::Migration => {}
            _ => fresh::lay(ground, &dir, &keys_dir)?,
        }
        for _ in 0..kills {
            match life {
                Life::Making => {
                    remove(&dir)?;
                    ledger = Ledger::default();
                }
                Life::Migration => {
                    remove(&dir)?;
                    ledger = older::lay(&dir, &keys_dir)?;
                }
                _ => {}
            }
            let said = one_kill(ground, life, &dir, &keys_dir, &mut random, &mut tally)?;
            let found = wait_for(look(
                life,
                &dir,
                keys.clone(),
                &said,
                &mut ledger,
                &mut tally,
            ));
            if let Err(error) = found {
                tally.fail("broken", format!("{life:?} of case {number}: {error:#}"));
                // What is broken once would be told again and again.
                break;
            }
        }
        Ok(tally)
    }
}

fn remove(dir: &Path) -> Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Starts a process, kills it, and gives back all that it said.
fn one_kill(
    ground: &Ground,
    life: Life,
    dir: &Path,
    keys: &Path,
    random: &mut fastrand::Rng,
    tally: &mut Tally,
) -> Result<Vec<Line>> {
    let path = |path: &Path| path.to_str().map(str::to_owned).context("not Unicode");
    let (dir_word, keys_word, seed) = (path(dir)?, path(keys)?, random.u64(..).to_string());
    let mut worker = Worker::start(
        &ground.program,
        &["kill", life.work(), &dir_word, &keys_word, &seed],
    )?;
    let began = Instant::now();
    let longest = match life {
        Life::Stream => 900,
        Life::Acts => 60,
        Life::Copies => 250,
        Life::Migration => 40,
        // They derive keys, which is slow on purpose.
        Life::Making | Life::Rotation => 1_500,
    };
    // Sometimes from the start of the process on, sometimes from the moment that the vault is open.
    let from = if life == Life::Stream || life != Life::Making && random.bool() {
        if !worker.hear_to(&Line::Open)? {
            tally.count("ended before it was open");
        }
        // Never two at once, whatever the one is doing.
        if life == Life::Acts && random.u8(..4) == 0 {
            rival(dir, keys, &mut worker, tally)?;
        }
        Instant::now()
    } else {
        began
    };
    worker.hear_until(from + Duration::from_micros(random.u64(..longest * 1000)));
    let (alive, said) = worker.kill()?;
    tally.count(if alive {
        "kills"
    } else {
        "done before the kill"
    });
    if alive {
        tally.count(moment(&said, life));
    }
    Ok(said)
}

/// Tries to open a vault that another process has open.
fn rival(dir: &Path, keys: &Path, worker: &mut Worker, tally: &mut Tally) -> Result<()> {
    let keys: Arc<dyn KeyStore> = Arc::new(FileKeys::new(keys));
    wait_for(async {
        match Vault::open_with(dir, Unlock::Keyring, keys).await {
            Err(VaultError::Owned) => tally.count("rivals refused"),
            Err(error) => tally.fail("two writers", format!("a rival was told {error}")),
            Ok(vault) => {
                // It may have closed it meanwhile, and then is refused itself.
                worker.hear_until(Instant::now() + Duration::from_millis(50));
                vault.close().await?;
                let open = worker.said.iter().rev().find_map(|line| match line {
                    Line::Open => Some(true),
                    Line::Closed | Line::Closing | Line::Refused(..) | Line::End => Some(false),
                    _ => None,
                });
                if open == Some(true) {
                    tally.fail("two writers", "both had it open");
                }
            }
        }
        Ok(())
    })
}

/// What it was at when it was killed.
fn moment(said: &[Line], life: Life) -> &'static str {
    let last = said
        .iter()
        .rev()
        .find(|line| !matches!(line, Line::Piece(..)));
    match (last, life) {
        (None, Life::Making) => "killed while a vault was made",
        (None, Life::Migration) => "killed while an older vault was opened",
        (None | Some(Line::Closed), _) => "killed while a vault was opened",
        (Some(Line::Rotating), _) => "killed while keys were changed",
        (Some(Line::Closing), _) => "killed while a vault was closed",
        (Some(Line::Try(act)), _) => match act {
            Act::Create { .. } => "killed in the making of a conversation",
            Act::Append { .. } => "killed in an append",
            Act::Checkpoint { .. } => "killed in a checkpoint",
            Act::Finish { .. } => "killed in a finish",
            Act::Rename { .. } => "killed in a renaming",
            Act::Delete { .. } => "killed in a deletion",
            Act::Set { .. } | Act::Settle => "killed in another write",
            Act::Import(_) => "killed in an import",
            Act::BackUp { .. } => "killed in a backup",
        },
        _ if life == Life::Stream => "killed while an answer came",
        _ => "killed between two calls",
    }
}

/// Opens what the killed process left, and holds it against what it said. `ledger` becomes what is there.
async fn look(
    life: Life,
    dir: &Path,
    keys: Arc<dyn KeyStore>,
    said: &[Line],
    ledger: &mut Ledger,
    tally: &mut Tally,
) -> Result<()> {
    let mut tried = None;
    for line in said {
        match line {
            Line::Try(act) => tried = Some(act),
            Line::Done => {
                if let Some(act) = tried.take() {
                    ledger.apply(act);
                    tally.count("acknowledged writes");
                }
            }
            // It lost the race against a rival, which holds the vault for a moment.
            Line::Refused(code, _) if code == "owned" => tally.count("lost to a rival"),
            Line::Refused(code, words) => tally.fail("refused", format!("{code}: {words}")),
            _ => {}
        }
    }
    let opened = said.contains(&Line::Open);
    let vault = match Vault::status(dir) {
        Status::None if life == Life::Making && !opened => {
            tally.count("made anew");
            Vault::create_with(dir, Protection::Keyring, keys.clone()).await?
        }
        Status::Keyring => Vault::open_with(dir, Unlock::Keyring, keys.clone()).await?,
        other => {
            tally.add("lost", ledger.lost_in(&Ledger::default()));
            anyhow::bail!("the vault's status is {other:?}");
        }
    };
    if let Err(error) = vault.verify().await {
        tally.fail("integrity", error.to_string());
    }
    let found = Ledger::read(&vault).await?;
    judge(&found, tried, ledger, tally);
    if life == Life::Copies {
        restored(dir, keys, said, tally).await?;
    }
    streamed(said, &found, tally);
    searched(&vault, &found, tally).await?;
    *ledger = found;
    vault.close().await?;
    Ok(())
}

/// What is there must be what was acknowledged, with or without the one act that was under way.
pub fn judge(found: &Ledger, tried: Option<&Act>, acknowledged: &Ledger, tally: &mut Tally) {
    if acknowledged == found {
        return;
    }
    if let Some(act) = tried {
        let mut with = acknowledged.clone();
        with.apply(act);
        if with == *found {
            tally.count("kept though not acknowledged");
            return;
        }
    }
    let words = acknowledged.difference(found).unwrap_or_default();
    tally.add("lost", acknowledged.lost_in(found));
    tally.fail("wrong", format!("{words}; under way: {tried:?}"));
}

/// Each backup that is there is whole: it opens in the place of an empty vault's folder. A backup that was acknowledged is
/// there.
async fn restored(
    dir: &Path,
    keys: Arc<dyn KeyStore>,
    said: &[Line],
    tally: &mut Tally,
) -> Result<()> {
    let backups = Vault::backups(dir)?;
    let acknowledged = said.windows(2).filter_map(|pair| match pair {
        [Line::Try(Act::BackUp { at }), Line::Done] => Some(*at),
        _ => None,
    });
    // The rotation lets go of older ones, so the newest of them is looked for.
    if let Some(newest) = acknowledged.max()
        && !backups
            .iter()
            .any(|backup| backup.made_ms / 1_000 >= newest / 1_000)
    {
        tally.fail("backup", "one that was acknowledged is gone");
    }
    let Some(backup) = backups.first() else {
        return Ok(());
    };
    let place = tempfile::tempdir()?;
    let other = place.path().join("vault");
    Vault::restore_with(&other, &backup.path, Unlock::Keyring, keys.clone(), 1).await?;
    let vault = Vault::open_with(&other, Unlock::Keyring, keys).await?;
    vault.verify().await?;
    Ledger::read(&vault).await?;
    vault.close().await?;
    tally.count("backups restored");
    Ok(())
}

/// How much streamed text is gone: from the first piece that isn't there to the last that came.
fn streamed(said: &[Line], found: &Ledger, tally: &mut Tally) {
    let pieces: Vec<_> = said
        .iter()
        .filter_map(|line| match line {
            Line::Piece(length, at) => Some((*length, *at)),
            _ => None,
        })
        .collect();
    let Some(&(_, last)) = pieces.last() else {
        return;
    };
    let answer = said.iter().find_map(|line| match line {
        Line::Try(Act::Append { messages, .. }) => messages.last().map(|message| message.id),
        _ => None,
    });
    let kept = found.messages().find(|message| Some(message.id) == answer);
    let kept = kept.map_or(0, |message| message.text.len());
    let first_lost = pieces.iter().find(|(length, _)| *length > kept);
    #[allow(clippy::cast_precision_loss, reason = "less than a second")]
    let lost = first_lost.map_or(0.0, |(_, at)| (last - at) as f64 / 1000.0);
    tally.count("streams");
    tally.measure("streamed text lost, ms", lost);
    if lost > MOST_LOST_MS {
        tally.fail("stream", format!("{lost:.0} ms of an answer are gone"));
    }
}

/// The search index knows what the tables know: one message is looked for by its first words.
async fn searched(vault: &Vault, found: &Ledger, tally: &mut Tally) -> Result<()> {
    let whole = found
        .messages()
        .filter(|message| message.state != tandem_conversation::MessageState::Streaming)
        .last();
    let Some(message) = whole else { return Ok(()) };
    let words: Vec<_> = message.text.split(' ').take(3).collect();
    if words.iter().all(|word| word.is_empty()) {
        return Ok(());
    }
    let hits = vault.search(&words.join(" "), 50).await?;
    tally.count("searches");
    if !hits.iter().any(|hit| hit.message == Some(message.id)) {
        tally.fail("search", "a message that is there isn't found");
    }
    Ok(())
}

/// Runs `judge` on a planted loss: the campaign must be able to fail.
pub fn planted() -> Result<()> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut acknowledged = Ledger::default();
    acknowledged.apply(&Act::create(&mut random));
    while acknowledged.messages().count() < 5 {
        let act = Act::next(&mut random, &acknowledged);
        acknowledged.apply(&act);
    }
    let mut found = acknowledged.clone();
    let entry = found
        .conversations
        .values_mut()
        .find(|entry| !entry.messages.is_empty());
    entry.context("there is a message")?.messages.pop();
    let mut tally = Tally::default();
    judge(&found, None, &acknowledged, &mut tally);
    ensure!(
        tally.of("lost") == 1 && tally.failed == 1,
        "a lost message went unseen: {tally:?}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_lost_message_is_seen() {
        planted().unwrap();
    }

    #[test]
    fn an_act_under_way_may_be_there_or_not_and_nothing_else() {
        let mut random = fastrand::Rng::with_seed(2);
        let mut before = Ledger::default();
        before.apply(&Act::create(&mut random));
        let act = Act::Set {
            key: "theme".into(),
            value: "1".into(),
        };
        let mut after = before.clone();
        after.apply(&act);
        for (found, failed) in [(&before, 0), (&after, 0), (&Ledger::default(), 1)] {
            let mut tally = Tally::default();
            judge(found, Some(&act), &before, &mut tally);
            assert_eq!(tally.failed, failed);
        }
    }

    #[test]
    fn text_that_was_lost_is_measured_from_its_first_piece() {
        let said = [
            Line::Piece(5, 1_000),
            Line::Piece(10, 100_000),
            Line::Piece(15, 400_000),
        ];
        let mut tally = Tally::default();
        streamed(&said, &Ledger::default(), &mut tally);
        assert!((tally.worst["streamed text lost, ms"] - 399.0).abs() < 1e-9);
        assert_eq!(tally.of("stream"), 1);
    }
}
