//! The process that serves a disk, and what it is asked for.

use std::{
    fs,
    io::{self, BufRead, Write},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use clap::Args;
use fuser::{Config, MountOption};
use serde::{Deserialize, Serialize};

use super::{calls::Calls, tree::Tree};

/// As which error a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Errno {
    /// The medium fails.
    Eio,
    /// The disk is full.
    Enospc,
    /// The disk is read-only.
    Erofs,
}

/// A call that is to fail.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// As which error.
    pub errno: Errno,
    /// The how manieth of those that can fail so, from 1 on.
    pub at: u64,
    /// Whether all that follow fail as well.
    pub lasting: bool,
}

/// What the disk is asked for; each is answered with a number.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    Format,
    Save(PathBuf),
    Load(PathBuf),
    Deaf(bool),
    CutAt { calls: u64, seed: u64, percent: u8 },
    Cut { seed: u64, percent: u8 },
    IsDead,
    PowerOn,
    Fail(Fault),
    Mend,
    Seen,
}

/// What the parent asks for.
#[derive(Args, Debug)]
pub struct Orders {
    /// Where the disk is mounted.
    at: PathBuf,
}

/// Serves a disk until nobody asks any more.
pub fn run(orders: &Orders) -> Result<()> {
    let tree = Arc::new(Mutex::new(Tree::default()));
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName("tandem-faults".to_owned())];
    let session = fuser::spawn_mount(Calls::new(tree.clone()), &orders.at, &config);
    for line in io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let answer = match &session {
            Ok(_) => {
                let mut tree = tree.lock().unwrap_or_else(PoisonError::into_inner);
                carry_out(&mut tree, request).map_err(|error| format!("{error:#}"))
            }
            Err(error) => Err(error.to_string()),
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
        out.flush()?;
    }
    session?.umount_and_join().context("unmounting")
}

fn carry_out(tree: &mut Tree, request: Request) -> Result<u64> {
    match request {
        Request::Format => tree.format(),
        Request::Save(file) => fs::write(file, tree.save()?)?,
        Request::Load(file) => tree.load(&fs::read(file)?)?,
        Request::Deaf(deaf) => tree.deaf = deaf,
        Request::CutAt {
            calls,
            seed,
            percent,
        } => tree.cut_power_at(calls, fastrand::Rng::with_seed(seed), percent),
        Request::Cut { seed, percent } => {
            tree.cut_power(&mut fastrand::Rng::with_seed(seed), percent);
        }
        Request::IsDead => return Ok(u64::from(tree.is_dead())),
        Request::PowerOn => tree.power_on(),
        Request::Fail(fault) => tree.fail(fault),
        Request::Mend => return Ok(tree.mend()),
        Request::Seen => return Ok(tree.calls_seen()),
    }
    Ok(0)
}
