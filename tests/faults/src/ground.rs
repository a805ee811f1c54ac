//! Where the vaults of a campaign lie.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// Memory that looks like a disk, where the system has it: a killed process loses nothing there that it wouldn't lose
/// on a disk, and the disk's own loss is what [`crate::disk`] is for.
const MEMORY: &str = "/dev/shm";

/// What every case needs to know.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The same seed makes the same choices.
    pub seed: u64,
    /// All cases, or a sample of them.
    pub full: bool,
    /// The program that child processes run.
    pub program: PathBuf,
    folder: PathBuf,
}

impl Ground {
    /// The ground for a run that starts its child processes from `program`.
    pub fn new(seed: u64, full: bool, program: PathBuf) -> Self {
        let memory = Path::new(MEMORY);
        let usable = tempfile::tempdir_in(memory).is_ok();
        let folder = if usable {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        Self {
            seed,
            full,
            program,
            folder,
        }
    }

    /// An empty folder that goes with its owner.
    pub fn folder(&self) -> Result<TempDir> {
        tempfile::Builder::new()
            .prefix("tandem-faults-")
            .tempdir_in(&self.folder)
            .context("there is no place for a vault")
    }

    /// The random choices of one case: the same for the same seed, campaign and number.
    pub fn random(&self, campaign: &str, number: u64) -> fastrand::Rng {
        let mut state = self.seed;
        for part in campaign.bytes().map(u64::from).chain([number]) {
            // SplitMix64, so that neighbors have nothing in common.
            state = state.wrapping_add(part).wrapping_add(0x9e37_79b9_7f4a_7c15);
            state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            state ^= state >> 31;
        }
        fastrand::Rng::with_seed(state)
    }
}
