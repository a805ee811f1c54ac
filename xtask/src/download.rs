//! Downloads over https by curl, which every platform has: resumed, verified, then named.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::digest::{self, Expected};

/// Fetches the first source that yields the expected bytes; a part that was left behind is continued.
pub(crate) fn from_any(sources: &[String], to: &Path, expected: &Expected) -> Result<()> {
    let mut told = Vec::new();
    for source in sources {
        match from(source, to, expected) {
            Ok(()) => return Ok(()),
            Err(error) => {
                println!("    {error:#}");
                told.push(format!("{error:#}"));
            }
        }
    }
    bail!("{} could not be fetched: {}", to.display(), told.join("; "))
}

/// Fetches one address.
pub(crate) fn from(source: &str, to: &Path, expected: &Expected) -> Result<()> {
    let part = part_of(to)?;
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let left = part.metadata().map_or(0, |metadata| metadata.len());
    // A part as long as the whole has nothing left to continue.
    let whole = expected.size.is_some_and(|size| left >= size);
    if !whole && let Err(error) = curl(source, &part, left > 0) {
        if left == 0 {
            return Err(error);
        }
        // The server may not be able to continue, or may have another file by now.
        println!("    from the start again");
        fs::remove_file(&part)?;
        curl(source, &part, false)?;
    }
    let mut file = fs::File::open(&part)?;
    let kept = digest::keep(to, expected, |pen| pen.copy(&mut file));
    fs::remove_file(&part)?;
    kept.with_context(|| format!("{source} gave another file"))
}

/// The text of a small page.
pub(crate) fn text(source: &str) -> Result<String> {
    command::output(base(source)?.args(["--silent", "--show-error", source]))
}

fn curl(source: &str, part: &Path, resume: bool) -> Result<()> {
    let mut curl = base(source)?;
    if resume {
        curl.args(["--continue-at", "-"]);
    }
    command::run(
        curl.arg("--no-progress-meter")
            .arg("--output")
            .arg(part)
            .arg(source),
    )
    .with_context(|| format!("{source} could not be fetched"))
}

fn base(source: &str) -> Result<Command> {
    let mut curl = Command::new("curl");
    curl.args([
        "--fail",
        "--location",
        "--retry",
        "3",
        "--connect-timeout",
        "20",
        "--proto",
        protocol(source)?,
    ]);
    Ok(curl)
}

/// https alone, redirects included; plain http only to this machine, for tests.
fn protocol(source: &str) -> Result<&'static str> {
    if source.starts_with("https://") {
        return Ok("=https");
    }
    let host = source
        .strip_prefix("http://")
        .and_then(|rest| rest.split('/').next())
        .unwrap_or_default();
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    if name == "127.0.0.1" && port.parse::<u16>().is_ok() {
        return Ok("=http");
    }
    bail!("{source}: only https addresses are fetched")
}

fn part_of(to: &Path) -> Result<PathBuf> {
    let mut name = to.file_name().context("a file has a name")?.to_os_string();
    name.push(".part");
    Ok(to.with_file_name(name))
}

#[cfg(test)]
#[path = "download_tests.rs"]
mod tests;
