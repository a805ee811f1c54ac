//! Remembers that a piece of work was done for exactly these inputs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::digest;

/// The stamp's file holds this key.
pub(crate) fn holds(file: &Path, key: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|held| held == key)
}

/// Writes the key.
pub(crate) fn press(file: &Path, key: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(file, key)?)
}

/// One key for names and contents of files and folders; what is missing counts as empty.
pub(crate) fn of_contents(paths: &[PathBuf]) -> Result<String> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    files.sort();
    let mut whole = String::new();
    for file in files {
        whole.push_str(&file.to_string_lossy());
        whole.push('\n');
        whole.push_str(&digest::of(&fs::read(&file)?));
        whole.push('\n');
    }
    Ok(digest::of(whole.as_bytes()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        for entry in path.read_dir()? {
            collect(&entry?.path(), files)?;
        }
    } else if path.is_file() {
        files.push(path.to_path_buf());
    }
    Ok(())
}

/// Size and time of change: tells an untouched file without reading it again.
pub(crate) fn of_metadata(file: &Path) -> Result<String> {
    let metadata = file.metadata()?;
    let changed = metadata.modified()?.duration_since(std::time::UNIX_EPOCH)?;
    Ok(format!("{} {}", metadata.len(), changed.as_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_changes_with_a_file_below_the_folder() -> Result<()> {
        let folder =
            std::env::temp_dir().join(format!("tandem-xtask-stamp-{}", std::process::id()));
        fs::create_dir_all(folder.join("deep"))?;
        let file = folder.join("deep/file");
        fs::write(&file, "one")?;
        let before = of_contents(std::slice::from_ref(&folder))?;
        assert_eq!(before, of_contents(std::slice::from_ref(&folder))?);
        fs::write(&file, "two")?;
        assert_ne!(before, of_contents(std::slice::from_ref(&folder))?);
        Ok(fs::remove_dir_all(folder)?)
    }
}
