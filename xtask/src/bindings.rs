//! The TypeScript of the Rust wire types: written by their tests, committed, and never out of step.

use std::process::Command;

use anyhow::{Result, bail};

use crate::place::Place;
use crate::report::Outcome;
use crate::{cargo, command, stamp};

const FOLDER: &str = "ui/src/bindings";

/// Writes them.
pub(crate) fn write(place: &Place) -> Result<()> {
    command::run(cargo::workspace(place, "test").arg("export_bindings"))
}

/// What the folder holds now.
pub(crate) fn fingerprint(place: &Place) -> Result<String> {
    stamp::of_contents(&[place.root().join(FOLDER)])
}

/// The tests have just written them: they must say what they said before, and git must know it.
pub(crate) fn unchanged(place: &Place, before: &str) -> Result<Outcome> {
    let told = command::probe(Command::new("git").current_dir(place.root()).args([
        "status",
        "--porcelain",
        "--",
        FOLDER,
    ]));
    let unknown: Vec<String> = told
        .as_deref()
        .unwrap_or_default()
        .lines()
        .filter_map(unstaged)
        .collect();
    if !unknown.is_empty() {
        bail!(
            "bindings are not committed: {}; run `cargo xtask bindings` and commit {FOLDER}",
            unknown.join(", ")
        );
    }
    if fingerprint(place)? != before {
        bail!("the Rust wire types have changed; run `cargo xtask bindings` and commit {FOLDER}");
    }
    Ok(Outcome::Already(
        "the committed bindings are what Rust says".into(),
    ))
}

/// The path of a line of `git status --porcelain` whose second letter, the working tree's, is set.
fn unstaged(line: &str) -> Option<String> {
    let (state, path) = line.split_at_checked(3)?;
    (state.as_bytes()[1] != b' ').then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staged_bindings_are_fine_and_others_are_not() {
        assert_eq!(unstaged("A  ui/src/bindings/Turn.ts"), None);
        assert_eq!(
            unstaged("?? ui/src/bindings/"),
            Some("ui/src/bindings/".into())
        );
        assert_eq!(
            unstaged("AM ui/src/bindings/Turn.ts"),
            Some("ui/src/bindings/Turn.ts".into())
        );
    }
}
