//! Puts a whole new vault file in the place of the present one, which is kept aside. It survives being killed anywhere.
//!
//! The new files are made in the folder `staged`. Up to here nothing is decided: a `staged` without a mark is removed at
//! the next start. Then `swap.json` is written, and from there on it happens: the present files go into a folder of
//! their own, the new ones into their place, and whoever finds the mark completes it.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use crate::{VaultError, dated, durable, place::Place, tree};

/// What may be replaced, in this order. What the log says belongs to the old database, so it never outlives it.
const PARTS: [&str; 6] = [
    "vault.db-wal",
    "vault.db-shm",
    "vault.db",
    "counter",
    "keys.json",
    "attachments",
];
/// What goes aside even if nothing takes its place.
const ALWAYS: [&str; 2] = ["vault.db-wal", "vault.db-shm"];
/// Bytes of the largest mark that is read.
const LARGEST: u64 = 4096;

/// Why the present files are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aside {
    /// A backup took their place.
    Replaced,
    /// They are damaged, and what could be read took their place.
    Damaged,
}

impl Aside {
    fn word(self) -> &'static str {
        match self {
            Self::Replaced => "replaced-",
            Self::Damaged => "damaged-",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    /// The name of the folder for the present files.
    aside: String,
}

/// An empty `staged`. What an earlier attempt left there is removed.
pub(crate) fn stage(place: &Place) -> Result<Place, VaultError> {
    let staged = place.staged();
    tree::remove(&staged)?;
    durable::private_dir(&staged)?;
    Place::new(&staged)
}

/// Decides for what is staged, which must be whole and synced, and puts it in place. Returns the name of the folder with
/// the files that were there.
pub(crate) fn decide(place: &Place, why: Aside, now_ms: i64) -> Result<String, VaultError> {
    durable::sync_dir(&place.staged())?;
    let mut at = now_ms;
    let mut aside = format!("{}{}", why.word(), dated::name(at));
    while durable::is_there(&place.dir().join(&aside))? {
        at += 1;
        aside = format!("{}{}", why.word(), dated::name(at));
    }
    let mark = Mark {
        aside: aside.clone(),
    };
    let text =
        serde_json::to_vec(&mark).map_err(|error| VaultError::Database(error.to_string()))?;
    durable::replace(&place.swap(), &text)?;
    settle(place)?;
    Ok(aside)
}

/// Completes a swap that was decided, or removes what was staged for one that wasn't. For the vault's owner alone.
pub(crate) fn settle(place: &Place) -> Result<(), VaultError> {
    let path = place.swap();
    if !durable::is_there(&path)? {
        return tree::remove(&place.staged());
    }
    let malformed = |why: &str| VaultError::Damaged {
        path: path.clone(),
        why: why.to_owned(),
    };
    let length = fs::symlink_metadata(&path)
        .map_err(|error| VaultError::from_io(&path, error))?
        .len();
    if length > LARGEST {
        return Err(malformed("it is too large"));
    }
    let text = fs::read(&path).map_err(|error| VaultError::from_io(&path, error))?;
    let mark: Mark = serde_json::from_slice(&text).map_err(|_| malformed("it isn't a mark"))?;
    if !is_aside(&mark.aside) {
        return Err(malformed("it names no folder of ours"));
    }
    finish(place, &place.dir().join(&mark.aside))
}

/// Whether `name` is that of a folder with files that were kept aside.
pub(crate) fn is_aside(name: &str) -> bool {
    [Aside::Replaced, Aside::Damaged].into_iter().any(|why| {
        name.strip_prefix(why.word())
            .is_some_and(|moment| dated::moment(moment).is_some())
    })
}

fn finish(place: &Place, aside: &Path) -> Result<(), VaultError> {
    let (dir, staged) = (place.dir(), place.staged());
    durable::private_dir(aside)?;
    for name in PARTS {
        let replaced = ALWAYS.contains(&name) || durable::is_there(&staged.join(name))?;
        if replaced && durable::is_there(&dir.join(name))? {
            rename(&dir.join(name), &aside.join(name))?;
        }
    }
    // What was there is safe before anything takes its name.
    durable::sync_dir(aside)?;
    durable::sync_dir(dir)?;
    for name in PARTS {
        if durable::is_there(&staged.join(name))? {
            rename(&staged.join(name), &dir.join(name))?;
        }
    }
    durable::sync_dir(dir)?;
    tree::remove(&staged)?;
    tree::remove(&place.swap())?;
    durable::sync_dir(dir)
}

fn rename(from: &Path, to: &Path) -> Result<(), VaultError> {
    fs::rename(from, to).map_err(|error| VaultError::from_io(to, error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const AT: i64 = 1_764_277_381_042;

    fn write(dir: &Path, word: &str, names: &[&str]) {
        fs::create_dir_all(dir).unwrap();
        for name in names {
            fs::write(dir.join(name), word).unwrap();
        }
    }

    fn read(dir: &Path) -> Vec<(String, String)> {
        let mut found: Vec<_> = tree::entries(dir)
            .unwrap()
            .into_iter()
            .map(|entry| {
                let text = fs::read_to_string(entry.path()).unwrap_or("a folder".to_owned());
                (entry.file_name().into_string().unwrap(), text)
            })
            .collect();
        found.sort();
        found
    }

    fn ready(dir: &Path) -> Place {
        let place = Place::new(dir).unwrap();
        write(
            dir,
            "old",
            &["vault.db", "vault.db-wal", "counter", "keys.json"],
        );
        write(&place.staged(), "new", &["vault.db", "counter"]);
        place
    }

    #[test]
    fn what_is_staged_takes_the_place_and_what_was_there_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let place = ready(dir.path());
        let aside = decide(&place, Aside::Replaced, AT).unwrap();
        assert_eq!(aside, "replaced-2025-11-27_210301_042");
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            read(dir.path()),
            [
                pair("counter", "new"),
                pair("keys.json", "old"),
                pair("replaced-2025-11-27_210301_042", "a folder"),
                pair("vault.db", "new"),
            ]
        );
        assert_eq!(
            read(&dir.path().join(&aside)),
            [
                pair("counter", "old"),
                pair("vault.db", "old"),
                pair("vault.db-wal", "old"),
            ]
        );
    }

    #[test]
    fn a_second_swap_at_the_same_moment_keeps_the_first_ones_files() {
        let dir = tempfile::tempdir().unwrap();
        let place = ready(dir.path());
        let first = decide(&place, Aside::Damaged, AT).unwrap();
        write(&place.staged(), "newer", &["vault.db", "counter"]);
        let second = decide(&place, Aside::Damaged, AT).unwrap();
        assert_ne!(first, second);
        assert_eq!(
            fs::read_to_string(dir.path().join(second).join("vault.db")).unwrap(),
            "new"
        );
    }

    #[test]
    fn nothing_is_decided_without_the_mark() {
        let dir = tempfile::tempdir().unwrap();
        let place = ready(dir.path());
        settle(&place).unwrap();
        assert!(!place.staged().exists());
        assert!(read(dir.path()).iter().all(|(_, text)| text == "old"));
    }

    /// Each state between two steps is what a kill there leaves.
    #[test]
    fn a_kill_at_any_step_is_completed_at_the_next_start() {
        let steps = PARTS.len() * 2 + 2;
        for killed in 0..=steps {
            let dir = tempfile::tempdir().unwrap();
            let place = ready(dir.path());
            let aside = dir.path().join("replaced-2025-11-27_210301_042");
            fs::write(
                place.swap(),
                r#"{"aside":"replaced-2025-11-27_210301_042"}"#,
            )
            .unwrap();
            let mut step = 0;
            let mut alive = || {
                step += 1;
                step <= killed
            };
            if alive() {
                fs::create_dir(&aside).unwrap();
            }
            for name in PARTS {
                let replaced = ALWAYS.contains(&name) || place.staged().join(name).exists();
                if alive() && replaced && dir.path().join(name).exists() {
                    fs::rename(dir.path().join(name), aside.join(name)).unwrap();
                }
            }
            for name in PARTS {
                if alive() && place.staged().join(name).exists() {
                    fs::rename(place.staged().join(name), dir.path().join(name)).unwrap();
                }
            }
            if alive() {
                tree::remove(&place.staged()).unwrap();
            }
            settle(&place).unwrap();
            let word = |path: &Path| fs::read_to_string(path).unwrap();
            for name in ["vault.db", "counter"] {
                assert_eq!(word(&dir.path().join(name)), "new", "killed at {killed}");
                assert_eq!(word(&aside.join(name)), "old", "killed at {killed}");
            }
            assert_eq!(word(&aside.join("vault.db-wal")), "old");
            assert_eq!(word(&place.key_file()), "old");
            assert!(!place.log().exists() && !place.swap().exists() && !place.staged().exists());
        }
    }

    #[test]
    fn a_mark_that_is_not_ours_moves_nothing() {
        for text in [
            "",
            "{}",
            r#"{"aside":"../elsewhere"}"#,
            r#"{"aside":"replaced-"}"#,
            r#"{"aside":"backups"}"#,
        ] {
            let dir = tempfile::tempdir().unwrap();
            let place = ready(dir.path());
            fs::write(place.swap(), text).unwrap();
            let error = settle(&place).unwrap_err();
            assert_eq!(error.code(), "damaged", "{text}");
            assert_eq!(fs::read_to_string(place.database()).unwrap(), "old");
            assert_eq!(
                fs::read_to_string(place.staged().join("vault.db")).unwrap(),
                "new"
            );
        }
    }
}
