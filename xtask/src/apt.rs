//! Debian's and Ubuntu's package manager.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{command, install};

const QUIET: &str = "DEBIAN_FRONTEND=noninteractive";

/// Those of the packages that are installed and configured.
pub(crate) fn installed(names: &[&str]) -> BTreeSet<String> {
    // dpkg-query fails when one name is unknown, but still prints the others.
    let output = Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Abbrev}|${Package}\\n"])
        .args(names)
        .output();
    output
        .map(|output| installed_in(&String::from_utf8_lossy(&output.stdout)))
        .unwrap_or_default()
}

fn installed_in(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| line.split_once('|'))
        .filter(|(status, _)| status.starts_with("ii") || status.starts_with("hi"))
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// Installs packages; the package lists are fetched only when they are missing or too old to serve.
pub(crate) fn install(names: &[&str]) -> Result<()> {
    let mut fresh = false;
    if !lists_exist() {
        update()?;
        fresh = true;
    }
    if let Err(error) = command::run(&mut install_command(names)?) {
        if fresh {
            return Err(error).context(fix(names));
        }
        println!("    once more with fresh package lists");
        update()?;
        command::run(&mut install_command(names)?).context(fix(names))?;
    }
    Ok(())
}

fn install_command(names: &[&str]) -> Result<Command> {
    let words = [QUIET, "apt-get", "install", "-y", "--no-install-recommends"];
    install::as_root("env", &[&words, names].concat())
}

fn update() -> Result<()> {
    command::run(&mut install::as_root("apt-get", &["update"])?)
        .context("the package lists could not be fetched; try `apt-get update` as root")
}

fn fix(names: &[&str]) -> String {
    format!(
        "a system package could not be installed; try as root: apt-get install {}",
        names.join(" ")
    )
}

fn lists_exist() -> bool {
    Path::new("/var/lib/apt/lists")
        .read_dir()
        .is_ok_and(|entries| {
            entries
                .flatten()
                .any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_packages_do_not_count_as_installed() {
        let there = installed_in("ii |cmake\nrc |curl\nun |clang\nhi |perl\n");
        assert_eq!(there.into_iter().collect::<Vec<_>>(), ["cmake", "perl"]);
    }
}
