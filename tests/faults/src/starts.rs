//! Many processes start at once: exactly one has the vault, the others are told so.

use std::{io::Write, path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use clap::Args;
use tandem_vault::{KeyStore, Protection, Unlock, Vault};

use crate::{
    act::Act,
    campaign::{Campaign, wait_for},
    fresh,
    ground::Ground,
    keyring::FileKeys,
    ledger::Ledger,
    lines::{Line, Worker, say, wait_for_parent},
    tally::Tally,
};

/// Processes that start at once.
const AT_ONCE: usize = 8;

/// The campaign: a case is one start of eight processes, every fourth time with no vault there yet.
pub struct Starts;

/// What the parent asks for.
#[derive(Args, Debug)]
pub struct Orders {
    /// The vault's folder.
    dir: PathBuf,
    /// The keyring's folder.
    keys: PathBuf,
    /// Whether it makes the vault.
    #[arg(long)]
    make: bool,
}

/// Tries to become the owner, and stays it until the parent has heard from all.
pub fn child(orders: &Orders) -> Result<()> {
    let keys: Arc<dyn KeyStore> = Arc::new(FileKeys::new(&orders.keys));
    say(&Line::Ready);
    let mut byte = [0];
    std::io::Read::read_exact(&mut std::io::stdin().lock(), &mut byte)?;
    wait_for(async {
        let opened = if orders.make {
            Vault::create_with(&orders.dir, Protection::Keyring, keys).await
        } else {
            Vault::open_with(&orders.dir, Unlock::Keyring, keys).await
        };
        match opened {
            Ok(vault) => {
                let done =
                    Act::create(&mut fastrand::Rng::with_seed(u64::from(std::process::id())))
                        .carry_out(&vault)
                        .await;
                match done {
                    Ok(()) => say(&Line::Open),
                    Err(error) => say(&Line::Refused(error.code().into(), error.to_string())),
                }
                wait_for_parent()?;
                vault.close().await?;
                say(&Line::Closed);
            }
            Err(error) => {
                say(&Line::Refused(error.code().into(), error.to_string()));
                wait_for_parent()?;
            }
        }
        Ok(())
    })
}

impl Campaign for Starts {
    fn name(&self) -> &'static str {
        "starts"
    }

    fn what(&self) -> &'static str {
        "eight processes start at the same moment, on one vault or where one is to be made: exactly one may write"
    }

    fn cases(&self, full: bool) -> u64 {
        if full { 1_000 } else { 12 }
    }

    fn workers(&self) -> u64 {
        1
    }

    fn case(&self, ground: &Ground, number: u64) -> Result<Tally> {
        let folder = ground.folder()?;
        let (dir, keys) = (folder.path().join("vault"), folder.path().join("keys"));
        std::fs::create_dir(&keys)?;
        let make = number.is_multiple_of(4);
        if !make {
            fresh::lay(ground, &dir, &keys)?;
        }
        let words = [&dir, &keys].map(|path| path.to_str().map(str::to_owned));
        let [Some(dir_word), Some(keys_word)] = words else {
            anyhow::bail!("not Unicode");
        };
        let mut arguments = vec!["start", &dir_word, &keys_word];
        if make {
            arguments.push("--make");
        }
        let mut workers = Vec::new();
        for _ in 0..AT_ONCE {
            workers.push(Worker::start(&ground.program, &arguments)?);
        }
        for worker in &mut workers {
            anyhow::ensure!(worker.hear_to(&Line::Ready)?, "a child ended early");
        }
        for worker in &mut workers {
            worker.input()?.write_all(b"!")?;
        }
        let mut heard = Vec::new();
        for worker in &mut workers {
            heard.push(worker.hear()?.context("a child ended early")?);
        }
        let mut tally = Tally::default();
        judge(&heard, &mut tally);
        for worker in workers {
            worker.finish()?;
        }
        let keys: Arc<dyn KeyStore> = Arc::new(FileKeys::new(&keys));
        wait_for(async {
            let vault = Vault::open_with(&dir, Unlock::Keyring, keys).await?;
            vault.verify().await?;
            let kept = Ledger::read(&vault).await?.conversations.len();
            if kept != 1 {
                tally.fail("lost", format!("{kept} conversations of one owner"));
            }
            Ok(vault.close().await?)
        })?;
        Ok(tally)
    }
}

/// One of them, and one alone, has it.
fn judge(heard: &[Line], tally: &mut Tally) {
    tally.count("simultaneous starts");
    tally.add("processes", u64::try_from(heard.len()).unwrap_or_default());
    let owners = heard.iter().filter(|line| **line == Line::Open).count();
    if owners != 1 {
        tally.fail("writers", format!("{owners} owners: {heard:?}"));
    }
    for line in heard {
        match line {
            Line::Open => {}
            Line::Refused(code, _) if code == "owned" => tally.count("refused as owned"),
            other => tally.fail("words", format!("{other:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_owners_or_none_are_seen() {
        let no = || Line::Refused("owned".into(), String::new());
        for (heard, failed) in [
            (vec![Line::Open, no()], 0),
            (vec![Line::Open, Line::Open], 1),
            (vec![no(), no()], 1),
            (
                vec![Line::Open, Line::Refused("io".into(), String::new())],
                1,
            ),
        ] {
            let mut tally = Tally::default();
            judge(&heard, &mut tally);
            assert_eq!(tally.failed, failed, "{heard:?}");
        }
    }
}
