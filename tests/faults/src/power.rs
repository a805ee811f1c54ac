//! Power cuts: what was written and not synced is lost, kept or torn at random; then everything acknowledged must be
//! there.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result, bail};
use tandem_vault::{KeyStore, Protection, Status, Unlock, Vault, VaultError};
use tempfile::TempDir;

use crate::{
    act::Act,
    campaign::{Campaign, wait_for},
    disk::{Disk, Image, Rack},
    fresh,
    ground::Ground,
    keyring::FileKeys,
    kill::judge,
    ledger::Ledger,
    older,
    tally::Tally,
};

/// Cases that begin with the same vault.
const CASES_OF_A_VAULT: u64 = 100;
/// How much of what wasn't synced is kept, in percent.
const KEPT: [u8; 5] = [0, 20, 50, 80, 100];

/// The campaign: a case is a vault at work, and one or two power cuts.
#[derive(Default)]
pub struct Power {
    rack: Rack,
    bases: Mutex<BTreeMap<(u64, Life), Arc<Base>>>,
    /// Whether the disk ignores syncs: then the campaign must fail.
    deaf: bool,
}

/// What the vault is at when the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Life {
    Acts,
    Making,
    Migration,
}

/// A disk to begin with.
struct Base {
    image: Image,
    ledger: Ledger,
    keys: TempDir,
}

impl Power {
    /// The same on a disk that takes syncs and doesn't carry them out: it must find losses.
    pub fn on_a_deaf_disk() -> Self {
        Self {
            deaf: true,
            ..Self::default()
        }
    }
}

impl Campaign for Power {
    fn name(&self) -> &'static str {
        "power"
    }

    fn what(&self) -> &'static str {
        "power cuts at random calls of the disk: sectors and names that were not synced are dropped, kept or torn"
    }

    fn cases(&self, full: bool) -> u64 {
        if full { 1_200 } else { 40 }
    }

    fn hindrance(&self, ground: &Ground) -> Option<String> {
        Disk::hindrance(ground)
    }

    fn case(&self, ground: &Ground, number: u64) -> Result<Tally> {
        let life = match number % 8 {
            0 => Life::Making,
            4 => Life::Migration,
            _ => Life::Acts,
        };
        let disk = self.rack.take(ground)?;
        let base = self.base(&disk, ground, number / CASES_OF_A_VAULT, life)?;
        let mut random = ground.random(self.name(), number);
        let keys: Arc<dyn KeyStore> = Arc::new(FileKeys::new(base.keys.path()));
        let dir = disk.path().join("vault");
        disk.lay(&base.image)?;
        disk.set_deaf(self.deaf)?;
        let mut tally = Tally::default();
        let longest = match life {
            Life::Acts => 1_200,
            Life::Making => 160,
            Life::Migration => 500,
        };
        let kept = random.choice(KEPT).unwrap_or(50);
        disk.cut_power_at(random.u64(1..=longest), random.u64(..), kept)?;
        let ended = wait_for(async {
            let mut ledger = base.ledger.clone();
            let mut tried = None;
            let made = work(
                life,
                &dir,
                keys.clone(),
                &mut random,
                &mut ledger,
                &mut tried,
            )
            .await;
            if let Err(error) = &made.1
                && !disk.is_dead()?
            {
                bail!("an error before the power went: {error}");
            }
            if disk.is_dead()? {
                tally.count("cuts");
                tally.count(moment(life, tried.as_ref(), made.0));
            } else {
                tally.count("cuts");
                tally.count("cut after everything was done");
                disk.cut_power(random.u64(..), kept)?;
            }
            tally.count(&format!("cuts that keep {kept} % of what wasn't synced"));
            disk.power_on()?;
            if random.u8(..4) == 0 {
                again(&disk, &dir, keys.clone(), &mut random, &mut tally).await?;
            }
            let looked = look(
                life,
                &dir,
                keys,
                made.0,
                tried.as_ref(),
                &ledger,
                &mut tally,
            )
            .await;
            if let Err(error) = looked {
                tally.add("lost", ledger.lost_in(&Ledger::default()));
                tally.fail("broken", format!("{life:?}, case {number}: {error:#}"));
            }
            Ok(())
        });
        disk.set_deaf(false)?;
        self.rack.put(disk);
        ended.map(|()| tally)
    }
}

/// Works until the power goes or nothing is left to do. Says whether the vault was open, and how it ended; `tried` is
/// the act that was not acknowledged.
async fn work(
    life: Life,
    dir: &Path,
    keys: Arc<dyn KeyStore>,
    random: &mut fastrand::Rng,
    ledger: &mut Ledger,
    tried: &mut Option<Act>,
) -> (bool, Result<(), VaultError>) {
    let opened = match life {
        Life::Making => Vault::create_with(dir, Protection::Keyring, keys).await,
        Life::Acts | Life::Migration => Vault::open_with(dir, Unlock::Keyring, keys).await,
    };
    let vault = match opened {
        Ok(vault) => vault,
        Err(error) => return (false, Err(error)),
    };
    let acts = match life {
        Life::Acts => random.usize(5..60),
        Life::Making | Life::Migration => 4,
    };
    for _ in 0..acts {
        let act = Act::next(random, ledger);
        if let Err(error) = act.carry_out(&vault).await {
            *tried = Some(act);
            // Its files are let go; the disk is dead, so nothing of this reaches it.
            let _ = vault.close().await;
            return (true, Err(error));
        }
        ledger.apply(&act);
    }
    (true, vault.close().await)
}

fn moment(life: Life, tried: Option<&Act>, opened: bool) -> &'static str {
    match (life, tried) {
        (_, Some(Act::Delete { .. })) => "cut in a deletion",
        (_, Some(Act::Checkpoint { .. } | Act::Finish { .. })) => "cut while an answer came",
        (_, Some(Act::Append { .. })) => "cut in an append",
        (_, Some(_)) => "cut in another write",
        (_, None) if opened => "cut while a vault was closed",
        (Life::Making, None) => "cut while a vault was made",
        (Life::Migration, None) => "cut while an older vault was opened",
        (Life::Acts, None) => "cut while a vault was opened",
    }
}

/// The power goes again, while what the first cut left is opened.
async fn again(
    disk: &Disk,
    dir: &Path,
    keys: Arc<dyn KeyStore>,
    random: &mut fastrand::Rng,
    tally: &mut Tally,
) -> Result<()> {
    let kept = random.choice(KEPT).unwrap_or(50);
    disk.cut_power_at(random.u64(1..60), random.u64(..), kept)?;
    if let Ok(vault) = Vault::open_with(dir, Unlock::Keyring, keys).await {
        let _ = vault.close().await;
    }
    if disk.is_dead()? {
        tally.count("cuts");
        tally.count("cut again at the next start");
    }
    disk.power_on()?;
    Ok(())
}

async fn look(
    life: Life,
    dir: &Path,
    keys: Arc<dyn KeyStore>,
    opened: bool,
    tried: Option<&Act>,
    ledger: &Ledger,
    tally: &mut Tally,
) -> Result<()> {
    let vault = match Vault::status(dir) {
        Status::None if life == Life::Making && !opened => {
            tally.count("made anew");
            Vault::create_with(dir, Protection::Keyring, keys).await?
        }
        Status::Keyring => Vault::open_with(dir, Unlock::Keyring, keys).await?,
        other => bail!("the vault's status is {other:?}"),
    };
    if let Err(error) = vault.verify().await {
        tally.fail("integrity", error.to_string());
    }
    let mut found = Ledger::read(&vault).await?;
    judge(&found, tried, ledger, tally);
    let acknowledged = u64::try_from(ledger.messages().count()).unwrap_or_default();
    tally.add("acknowledged messages looked for", acknowledged);
    let act = Act::Set {
        key: "after".to_owned(),
        value: "1".to_owned(),
    };
    act.carry_out(&vault).await.context("it doesn't go on")?;
    found.apply(&act);
    if let Some(words) = found.difference(&Ledger::read(&vault).await?) {
        tally.fail("wrong", format!("after it went on: {words}"));
    }
    Ok(vault.close().await?)
}

impl Power {
    fn base(&self, disk: &Disk, ground: &Ground, number: u64, life: Life) -> Result<Arc<Base>> {
        let mut bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(base) = bases.get(&(number, life)) {
            return Ok(base.clone());
        }
        bases.retain(|(known, _), _| known + 2 > number);
        let folder = ground.folder()?;
        disk.format()?;
        let dir = disk.path().join("vault");
        let ledger = match life {
            Life::Making => Ledger::default(),
            Life::Migration => {
                fs::create_dir(&dir)?;
                older::lay(&dir, folder.path())?
            }
            Life::Acts => {
                let keys: Arc<dyn KeyStore> = Arc::new(FileKeys::new(folder.path()));
                let mut random = ground.random("power base", number);
                fresh::lay(ground, &dir, folder.path())?;
                wait_for(async {
                    let vault = Vault::open_with(&dir, Unlock::Keyring, keys).await?;
                    let mut ledger = Ledger::default();
                    for _ in 0..15 {
                        let act = Act::next(&mut random, &ledger);
                        act.carry_out(&vault).await?;
                        ledger.apply(&act);
                    }
                    vault.close().await?;
                    Ok(ledger)
                })?
            }
        };
        let base = Arc::new(Base {
            image: disk.image(ground)?,
            ledger,
            keys: folder,
        });
        bases.insert((number, life), base.clone());
        Ok(base)
    }
}
