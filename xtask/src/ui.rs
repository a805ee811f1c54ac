//! The page: its packages, its build and its own checks.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::place::Place;
use crate::report::Outcome;
use crate::{command, node, stamp};

/// What is beside `src` and decides what the build yields.
const INPUTS: [&str; 4] = ["src", "public", "static", "index.html"];

/// Stamps live inside `node_modules`, so that deleting it forgets them.
fn stamp_file(place: &Place, name: &str) -> PathBuf {
    place.ui().join("node_modules/.tandem").join(name)
}

/// Installs exactly the locked packages; none of their scripts runs.
pub(crate) fn packages(place: &Place) -> Result<Outcome> {
    let key = stamp::of_contents(&[place.ui().join("package-lock.json")])?;
    let file = stamp_file(place, "install");
    if stamp::holds(&file, &key) {
        return Ok(Outcome::Already(
            "ui/node_modules matches the lockfile".into(),
        ));
    }
    command::run(&mut node::npm(
        place,
        &["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    ))
    .context("the page's packages could not be installed; try `npm ci --ignore-scripts` in ui/")?;
    stamp::press(&file, &key)?;
    Ok(Outcome::Done)
}

/// Builds ui/dist, which the desktop shell carries inside.
pub(crate) fn build(place: &Place) -> Result<Outcome> {
    let key = stamp::of_contents(&inputs(place)?)?;
    let file = stamp_file(place, "build");
    if stamp::holds(&file, &key) && place.ui().join("dist/index.html").is_file() {
        return Ok(Outcome::Already("ui/dist matches its sources".into()));
    }
    script(place, "build")?;
    stamp::press(&file, &key)?;
    Ok(Outcome::Done)
}

/// Runs a script of ui/package.json.
pub(crate) fn script(place: &Place, name: &str) -> Result<()> {
    command::run(&mut node::npm(place, &["run", name]))
}

fn inputs(place: &Place) -> Result<Vec<PathBuf>> {
    let mut inputs: Vec<_> = INPUTS.iter().map(|name| place.ui().join(name)).collect();
    for entry in place.ui().read_dir()? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|ending| ["json", "ts", "js"].iter().any(|one| ending == *one))
        {
            inputs.push(path);
        }
    }
    Ok(inputs)
}
