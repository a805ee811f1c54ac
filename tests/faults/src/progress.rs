//! How far a whole run came, in a file, so that it can go on.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::tally::Tally;

/// What was done of one campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The seed of all cases.
    pub seed: u64,
    /// The first case that was not run.
    pub next: u64,
    /// Seconds that the cases before it took.
    pub seconds: f64,
    /// What they came to.
    pub tally: Tally,
}

impl Progress {
    /// Nothing was done yet.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            next: 0,
            seconds: 0.0,
            tally: Tally::default(),
        }
    }

    /// What `file` remembers of a run with this seed, or a new start.
    pub fn load(file: &Path, seed: Option<u64>) -> Result<Self> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Self::new(seed.unwrap_or(1)));
            }
            Err(error) => return Err(error).context(file.display().to_string()),
        };
        let found: Self =
            serde_json::from_str(&text).with_context(|| file.display().to_string())?;
        Ok(match seed {
            Some(seed) if seed != found.seed => Self::new(seed),
            _ => found,
        })
    }

    /// Remembers it, whole or not at all.
    pub fn save(&self, file: &Path) -> Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let new = file.with_extension("new");
        fs::write(&new, serde_json::to_string(self)?)?;
        Ok(fs::rename(&new, file)?)
    }
}

/// The file of a campaign: in the folder of what was built, outside the checkout's own files.
pub fn file(program: &Path, campaign: &str) -> PathBuf {
    // target/debug/faults
    let target = program.ancestors().nth(2).unwrap_or(Path::new("."));
    target.join("faults").join(format!("{campaign}.json"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_run_goes_on_with_its_seed_and_starts_anew_with_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/kill.json");
        assert_eq!(Progress::load(&file, None).unwrap(), Progress::new(1));
        let mut done = Progress::new(7);
        done.next = 12;
        done.tally.count("kills");
        done.save(&file).unwrap();
        assert_eq!(Progress::load(&file, None).unwrap(), done);
        assert_eq!(Progress::load(&file, Some(7)).unwrap(), done);
        assert_eq!(Progress::load(&file, Some(8)).unwrap(), Progress::new(8));
    }
}
