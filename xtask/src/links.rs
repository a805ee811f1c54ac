//! The build script of llama-cpp-sys-2 links its libraries beside the programs, and fails when it runs again and finds
//! a link whose target is gone, as one is after that target was built elsewhere or cleaned. Such links go first.

use std::fs;

use anyhow::{Context, Result};

use crate::place::Place;

/// Removes links to nowhere beside the programs.
pub(crate) fn remove_dangling(place: &Place) -> Result<()> {
    for folder in ["debug", "debug/deps", "debug/examples"] {
        let Ok(entries) = place.target().join(folder).read_dir() else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if is_link && !path.exists() {
                fs::remove_file(&path)
                    .with_context(|| format!("{} leads nowhere and stays", path.display()))?;
            }
        }
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn links_to_nowhere_go_and_others_stay() -> Result<()> {
        let target =
            std::env::temp_dir().join(format!("tandem-xtask-links-{}", std::process::id()));
        let deps = target.join("debug/deps");
        fs::create_dir_all(&deps)?;
        fs::write(deps.join("libgood.so.1"), "")?;
        std::os::unix::fs::symlink("libgood.so.1", deps.join("libgood.so"))?;
        std::os::unix::fs::symlink("libgone.so.1", deps.join("libgone.so"))?;
        remove_dangling(&Place::of(&target, &target))?;
        assert!(deps.join("libgood.so").exists());
        assert!(!deps.join("libgone.so").is_symlink());
        Ok(fs::remove_dir_all(target)?)
    }
}
