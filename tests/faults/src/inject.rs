//! A disk that fails at every call of a flow in turn: each failure is one clear error, and spoils nothing.

mod flow;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use anyhow::{Context, Result, bail};
use tandem_vault::{KeyStore, Protection, Status, Unlock, Vault};
use tempfile::TempDir;

use crate::{
    act::Act,
    campaign::{Campaign, wait_for},
    disk::{Disk, Errno, Fault, Image, Rack},
    ground::Ground,
    keyring::FileKeys,
    ledger::Ledger,
    older,
    tally::Tally,
};
use flow::{Flow, Run};

/// The errors, and what reports call them.
const ERRORS: [(Errno, &str); 3] = [
    (Errno::Eio, "EIO"),
    (Errno::Enospc, "ENOSPC"),
    (Errno::Erofs, "EROFS"),
];
/// What a failing disk may be called.
const CLEAR: [&str; 3] = ["io", "full", "read-only"];
/// What a read that fails with EIO may be called besides: SQLite itself takes it for a spoiled medium and says that the
/// database is malformed.
const UNREADABLE: &str = "damaged";

fn is_clear(code: &str, errno: &str) -> bool {
    CLEAR.contains(&code) || code == UNREADABLE && errno == "EIO"
}

/// The campaign: a case is one flow with one call that fails, or all from one on.
#[derive(Default)]
pub struct Inject {
    rack: Rack,
    bases: Mutex<BTreeMap<Flow, Arc<Base>>>,
    plan: OnceLock<Vec<Plan>>,
}

/// A disk to begin with, and what its vault holds.
struct Base {
    image: Image,
    ledger: Ledger,
    keys: TempDir,
}

impl Base {
    /// Its keyring for one run: new keys would leave another one behind.
    fn keyring(&self, ground: &Ground) -> Result<(TempDir, Arc<dyn KeyStore>)> {
        let folder = ground.folder()?;
        for key in fs::read_dir(self.keys.path())? {
            let key = key?;
            fs::copy(key.path(), folder.path().join(key.file_name()))?;
        }
        let keys = Arc::new(FileKeys::new(folder.path()));
        Ok((folder, keys))
    }
}

/// One case.
#[derive(Clone, Copy, Debug)]
struct Plan {
    flow: Flow,
    errno: usize,
    at: u64,
    lasting: bool,
}

impl Campaign for Inject {
    fn name(&self) -> &'static str {
        "inject"
    }

    fn what(&self) -> &'static str {
        "EIO, ENOSPC and EROFS at every call of fifteen flows (making: every third, new keys: every eleventh), once and from then on"
    }

    fn cases(&self, full: bool) -> u64 {
        // Counted when it was looked whether it can run at all.
        let all = self.plan.get().map_or(0, Vec::len);
        let all = u64::try_from(all).unwrap_or_default();
        if full { all } else { all.min(150) }
    }

    fn hindrance(&self, ground: &Ground) -> Option<String> {
        Disk::hindrance(ground)
            .or_else(|| self.plan(ground).err().map(|error| format!("{error:#}")))
    }

    fn case(&self, ground: &Ground, number: u64) -> Result<Tally> {
        let plan = self.plan(ground)?;
        let index = if ground.full {
            usize::try_from(number)?
        } else {
            ground.random("inject plan", number).usize(..plan.len())
        };
        let plan = *plan.get(index).context("there is no such case")?;
        let disk = self.rack.take(ground)?;
        let tally = self.one(ground, &disk, plan)?;
        self.rack.put(disk);
        Ok(tally)
    }
}

impl Inject {
    /// Every call of every flow, as a first run counted them.
    fn plan(&self, ground: &Ground) -> Result<&Vec<Plan>> {
        if let Some(plan) = self.plan.get() {
            return Ok(plan);
        }
        let disk = self.rack.take(ground)?;
        let mut plan = Vec::new();
        for flow in Flow::ALL {
            for (errno, (kind, _)) in ERRORS.into_iter().enumerate() {
                let base = self.base(ground, &disk, flow)?;
                let (_folder, keys) = base.keyring(ground)?;
                disk.lay(&base.image)?;
                let never = Fault {
                    errno: kind,
                    at: u64::MAX,
                    lasting: false,
                };
                let run = wait_for(flow.run(&disk, keys, &base.ledger, never))?;
                if let Some((_, error)) = run.failed {
                    bail!("{flow:?} fails without a fault: {error}");
                }
                let calls = disk.calls_seen()?;
                if calls == 0 {
                    // A flow that only reads never meets a full disk.
                    continue;
                }
                for at in (1..=calls).step_by(flow.step()) {
                    for lasting in [false, true] {
                        plan.push(Plan {
                            flow,
                            errno,
                            at,
                            lasting,
                        });
                    }
                }
            }
        }
        self.rack.put(disk);
        Ok(self.plan.get_or_init(|| plan))
    }

    fn one(&self, ground: &Ground, disk: &Disk, plan: Plan) -> Result<Tally> {
        let base = self.base(ground, disk, plan.flow)?;
        let (_folder, keys) = base.keyring(ground)?;
        disk.lay(&base.image)?;
        let (errno, name) = ERRORS[plan.errno];
        let fault = Fault {
            errno,
            at: plan.at,
            lasting: plan.lasting,
        };
        let mut tally = Tally::default();
        wait_for(async {
            let run = plan
                .flow
                .run(disk, keys.clone(), &base.ledger, fault)
                .await?;
            let struck = disk.mend()?;
            tally.count("cases");
            tally.count(&format!("{}: {name}", plan.flow.words()));
            judge(&run, struck, plan, name, &mut tally);
            let after = look(
                plan.flow,
                &disk.path().join("vault"),
                keys,
                &run,
                &mut tally,
            )
            .await;
            if let Err(error) = after {
                tally.fail("corruption", format!("{plan:?}: afterwards {error:#}"));
            }
            Ok(())
        })?;
        Ok(tally)
    }

    fn base(&self, ground: &Ground, disk: &Disk, flow: Flow) -> Result<Arc<Base>> {
        let mut bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(base) = bases.get(&flow) {
            return Ok(base.clone());
        }
        let folder = ground.folder()?;
        let keys: Arc<dyn KeyStore> = Arc::new(FileKeys::new(folder.path()));
        disk.format()?;
        let dir = disk.path().join("vault");
        let (image, ledger) = match flow {
            Flow::Create => (disk.image(ground)?, Ledger::default()),
            Flow::Migrate => {
                let ledger = older::lay(&dir, folder.path())?;
                (disk.image(ground)?, ledger)
            }
            _ => wait_for(flow::prepare(ground, disk, &dir, keys, flow))?,
        };
        let base = Arc::new(Base {
            image,
            ledger,
            keys: folder,
        });
        bases.insert(flow, base.clone());
        Ok(base)
    }
}

/// Every error is clear, and there is none where nothing failed.
fn judge(run: &Run, struck: u64, plan: Plan, name: &str, tally: &mut Tally) {
    if struck == 0 {
        tally.count("the call wasn't made this time");
    }
    if let Some(words) = &run.wrong {
        tally.fail("wrong", format!("{plan:?}: {words}"));
    }
    match &run.failed {
        None if struck > 0 => tally.count("withstood"),
        None => {}
        Some((_, error)) if struck == 0 => {
            tally.fail("without a fault", format!("{plan:?}: {error}"));
        }
        Some((_, error)) => {
            tally.count("told");
            tally.count(&format!("{name} told as {}", error.code()));
            if !is_clear(error.code(), name) {
                tally.fail("unclear", format!("{plan:?}: {}: {error}", error.code()));
            }
        }
    }
    for error in &run.later {
        tally.count(&format!("{name} told later as {}", error.code()));
        // A change of keys closes the vault; where it can't be opened again, it is locked.
        let locked = plan.flow == Flow::Rotate && error.code() == "closed";
        if !locked && !is_clear(error.code(), name) {
            tally.fail(
                "unclear",
                format!("{plan:?}, later: {}: {error}", error.code()),
            );
        }
    }
}

/// The fault is gone: the vault opens and holds what was acknowledged.
async fn look(
    flow: Flow,
    dir: &Path,
    keys: Arc<dyn KeyStore>,
    run: &Run,
    tally: &mut Tally,
) -> Result<()> {
    let vault = match Vault::status(dir) {
        Status::None if flow == Flow::Create && run.acknowledged == Ledger::default() => {
            Vault::create_with(dir, Protection::Keyring, keys).await?
        }
        Status::Keyring => Vault::open_with(dir, Unlock::Keyring, keys).await?,
        other => bail!("the vault's status is {other:?}"),
    };
    vault.verify().await.context("verifying")?;
    let found = Ledger::read(&vault).await?;
    let may = match &run.failed {
        Some((Some(act), _)) => {
            let mut with = run.base.clone();
            for act in run.done.iter().chain([act]).chain(&run.after) {
                with.apply(act);
            }
            Some(with)
        }
        _ => None,
    };
    if found != run.acknowledged && may.as_ref() != Some(&found) {
        let words = run.acknowledged.difference(&found).unwrap_or_default();
        tally.add("lost", run.acknowledged.lost_in(&found));
        tally.fail("corruption", format!("{flow:?}: {words}"));
    }
    let mut random = fastrand::Rng::with_seed(9);
    Act::create(&mut random)
        .carry_out(&vault)
        .await
        .context("it doesn't go on")?;
    Ok(vault.close().await?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tandem_vault::VaultError;

    use super::*;

    #[test]
    fn an_unclear_error_and_one_without_a_fault_are_seen() {
        let plan = Plan {
            flow: Flow::Append,
            errno: 0,
            at: 1,
            lasting: false,
        };
        let run = |error| Run {
            failed: Some((None, error)),
            ..Run::new(&Ledger::default())
        };
        let unclear = || VaultError::Database("what?".into());
        for (run, struck, failed) in [
            (run(unclear()), 1, 1),
            (run(unclear()), 0, 1),
            (run(VaultError::Full { path: "x".into() }), 1, 0),
        ] {
            let mut tally = Tally::default();
            judge(&run, struck, plan, "EIO", &mut tally);
            assert_eq!(tally.failed, failed);
        }
    }
}
