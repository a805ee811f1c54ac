//! Files of a vault are spoiled; then an error must say so, or everything must be right.

pub mod change;

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Result, ensure};
use tandem_conversation::{MessageId, MessageState};
use tandem_vault::{Doubt, KeyStore, Unlock, Vault, VaultError};

use crate::{
    act::Act,
    campaign::{Campaign, wait_for},
    fresh,
    ground::Ground,
    keyring::FileKeys,
    ledger::Ledger,
    tally::Tally,
};
use change::{Change, Files, LOG, spoil};

/// Cases on one vault before another is made.
const CASES_OF_A_VAULT: u64 = 2_000;

/// The campaign: a case is one spoiled file of a small vault.
#[derive(Default)]
pub struct Damage {
    models: Mutex<BTreeMap<u64, Arc<Model>>>,
}

/// A sound vault, and what must be read from it.
pub struct Model {
    keys: tempfile::TempDir,
    /// As a close leaves it, and as a crash does: with a log.
    closed: Files,
    crashed: Files,
    /// What both were at an earlier time, with a log.
    older: Files,
    right: Contents,
}

/// All that is read.
#[derive(Clone, Debug, PartialEq)]
struct Contents {
    ledger: Ledger,
    /// What was looked for, and the messages that were found, in order of their ids.
    found: Vec<(String, Vec<MessageId>)>,
}

/// How a case ended, when nothing is wrong with the vault.
enum Outcome {
    /// An error or a doubt, at this moment, of this code.
    Told(&'static str, &'static str),
    Harmless,
    /// Other data, and nothing said so.
    Silent(String),
}

impl Campaign for Damage {
    fn name(&self) -> &'static str {
        "damage"
    }

    fn what(&self) -> &'static str {
        "bits flipped, ranges zeroed, files cut, pages swapped and older states put back in database, log, keys.json and \
         counter: an error says so, or everything read is right"
    }

    fn cases(&self, full: bool) -> u64 {
        // Every twenty-fifth case is counted apart.
        if full { 106_000 } else { 600 }
    }

    fn case(&self, ground: &Ground, number: u64) -> Result<Tally> {
        let model = self.model(ground, number / CASES_OF_A_VAULT)?;
        let mut random = ground.random(self.name(), number);
        let mut files = if random.bool() {
            model.closed.clone()
        } else {
            model.crashed.clone()
        };
        let (name, change) = spoil(&mut random, &mut files, &model.older);
        let mut tally = Tally::default();
        if files == model.closed || files == model.crashed {
            tally.count("nothing changed, not counted as a case");
            return Ok(tally);
        }
        let folder = ground.folder()?;
        let dir = folder.path().join("vault");
        lay(&dir, &files)?;
        let outcome = catch_unwind(AssertUnwindSafe(|| wait_for(look(&dir, &model))));
        judge(
            outcome.unwrap_or_else(|_| Ok(Outcome::Silent("a panic".to_owned())))?,
            &name,
            change,
            number,
            &mut tally,
        );
        Ok(tally)
    }
}

fn judge(outcome: Outcome, name: &str, change: Change, number: u64, tally: &mut Tally) {
    let name = if name.contains('/') {
        "an attachment"
    } else {
        name
    };
    let prefix = if change.is_apart() { "apart, " } else { "" };
    tally.count(if change.is_apart() {
        "apart, cases"
    } else {
        "cases"
    });
    tally.count(&format!("{prefix}{name}: {}", change.words()));
    match outcome {
        Outcome::Told(when, code) => {
            tally.count(&format!("{prefix}told"));
            tally.count(&format!("{prefix}told {when}: {code}"));
        }
        Outcome::Harmless => tally.count(&format!("{prefix}harmless")),
        // What stays unseen there is said in the threat model: each page is sealed without its age.
        Outcome::Silent(_) if change.is_apart() => tally.count("apart, silent"),
        Outcome::Silent(words) => tally.fail(
            "silent",
            format!("case {number}, {name}, {}: {words}", change.words()),
        ),
    }
}

/// Opens a spoiled vault and reads everything.
async fn look(dir: &Path, model: &Model) -> Result<Outcome> {
    let keys: Arc<dyn KeyStore> = Arc::new(FileKeys::new(model.keys.path()));
    let vault = match Vault::open_with(dir, Unlock::Keyring, keys).await {
        Ok(vault) => vault,
        Err(error) => return Ok(Outcome::Told("at opening", error.code())),
    };
    let queries = model.right.found.iter().map(|(query, _)| query.clone());
    let outcome = match read(&vault, queries.collect()).await {
        Err(error) => Outcome::Told("at reading", error.code()),
        Ok(contents) if contents == model.right => match doubt(&vault) {
            Some(code) => Outcome::Told("as a doubt", code),
            None => Outcome::Harmless,
        },
        Ok(contents) => match (vault.verify().await, doubt(&vault)) {
            (Err(error), _) => Outcome::Told("by verifying", error.code()),
            (_, Some(code)) => Outcome::Told("as a doubt, and rightly", code),
            _ => Outcome::Silent(
                model
                    .right
                    .ledger
                    .difference(&contents.ledger)
                    .unwrap_or_else(|| "the search finds something else".to_owned()),
            ),
        },
    };
    // It may be beyond closing; what it said is what counts.
    let _ = vault.close().await;
    Ok(outcome)
}

/// What the vault isn't sure of.
fn doubt(vault: &Vault) -> Option<&'static str> {
    vault.doubt().map(Doubt::code)
}

async fn read(vault: &Vault, queries: Vec<String>) -> Result<Contents, VaultError> {
    let ledger = Ledger::read(vault).await?;
    let mut found = Vec::new();
    for query in queries {
        let hits = vault.search(&query, 100).await?;
        let mut ids: Vec<_> = hits.into_iter().filter_map(|hit| hit.message).collect();
        ids.sort();
        found.push((query, ids));
    }
    Ok(Contents { ledger, found })
}

impl Damage {
    fn model(&self, ground: &Ground, number: u64) -> Result<Arc<Model>> {
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = models.get(&number) {
            return Ok(model.clone());
        }
        // Both workers are near the same case: the vault before is used up.
        models.retain(|&known, _| known + 2 > number);
        let model = Arc::new(Model::make(ground, number)?);
        models.insert(number, model.clone());
        Ok(model)
    }
}

impl Model {
    fn make(ground: &Ground, number: u64) -> Result<Self> {
        let (keys_dir, folder) = (ground.folder()?, ground.folder()?);
        let dir = folder.path().join("vault");
        let keys: Arc<dyn KeyStore> = Arc::new(FileKeys::new(keys_dir.path()));
        let mut random = ground.random("damage model", number);
        fresh::lay(ground, &dir, keys_dir.path())?;
        wait_for(async {
            let vault = Vault::open_with(&dir, Unlock::Keyring, keys.clone()).await?;
            let mut ledger = Ledger::default();
            grow(&vault, &mut ledger, &mut random, 25).await?;
            vault.close().await?;
            let vault = Vault::open_with(&dir, Unlock::Keyring, keys.clone()).await?;
            grow(&vault, &mut ledger, &mut random, 5).await?;
            let mut older = files(&dir)?;
            vault.close().await?;
            // The pages that older ones are taken from are those of a whole database.
            older.insert(
                change::DATABASE.to_owned(),
                fs::read(dir.join(change::DATABASE))?,
            );
            let vault = Vault::open_with(&dir, Unlock::Keyring, keys).await?;
            grow(&vault, &mut ledger, &mut random, 12).await?;
            // The last act may have emptied the log.
            while fs::metadata(dir.join(LOG)).map_or(0, |file| file.len()) == 0 {
                grow(&vault, &mut ledger, &mut random, 1).await?;
            }
            let crashed = files(&dir)?;
            let queries = ledger
                .messages()
                .filter(|message| message.state != MessageState::Streaming)
                .filter_map(|message| message.text.split(' ').find(|word| word.len() > 3))
                .map(str::to_owned)
                .take(3)
                .collect();
            let right = read(&vault, queries).await?;
            ensure!(right.ledger == ledger, "the sound vault is wrong already");
            vault.close().await?;
            let closed = files(&dir)?;
            Ok(Self {
                keys: keys_dir,
                closed,
                crashed,
                older,
                right,
            })
        })
    }
}

async fn grow(
    vault: &Vault,
    ledger: &mut Ledger,
    random: &mut fastrand::Rng,
    acts: usize,
) -> Result<()> {
    for _ in 0..acts {
        let act = Act::next(random, ledger);
        act.carry_out(vault).await?;
        ledger.apply(&act);
    }
    Ok(())
}

/// The files of a vault's folder and of its attachments, but not its lock, which holds nothing, and no backups.
fn files(dir: &Path) -> Result<Files> {
    let mut files = Files::new();
    for path in tandem_tests::canary::files(dir)? {
        let name = path.strip_prefix(dir)?;
        if name != Path::new("owner.lock") && !name.starts_with("backups") {
            files.insert(name.to_string_lossy().into_owned(), fs::read(&path)?);
        }
    }
    Ok(files)
}

fn lay(dir: &Path, files: &Files) -> Result<()> {
    for (name, bytes) in files {
        let file = dir.join(name);
        fs::create_dir_all(file.parent().unwrap_or(dir))?;
        fs::write(file, bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_sound_vault_is_harmless_and_wrong_data_is_seen() {
        let ground = Ground::new(3, false, "unused".into());
        let mut model = Model::make(&ground, 0).unwrap();
        let case = |model: &Model, files: &Files| {
            let folder = ground.folder().unwrap();
            let dir = folder.path().join("vault");
            lay(&dir, files).unwrap();
            wait_for(look(&dir, model)).unwrap()
        };
        for files in [&model.closed, &model.crashed] {
            assert!(matches!(case(&model, files), Outcome::Harmless));
        }
        // A vault that gives back another text than was told to it.
        let entries = model.right.ledger.conversations.values_mut();
        let mut messages = entries.flat_map(|entry| &mut entry.messages);
        messages.next().unwrap().text.push('!');
        let outcome = case(&model, &model.closed);
        assert!(matches!(&outcome, Outcome::Silent(_)));
        let mut tally = Tally::default();
        judge(outcome, "vault.db", Change::Bit, 0, &mut tally);
        assert_eq!((tally.of("silent"), tally.failed), (1, 1));
    }
}
