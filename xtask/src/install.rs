//! Installs the missing system packages, and only those.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, bail};

use crate::packages::{NEEDS, NODE, Need, PIP};
use crate::platform::Platform;
use crate::report::Outcome;
use crate::{apt, ask, command, node, pip};

/// Probes the table and installs what is missing. `wheels` says that the registry's wheels are wanted.
pub(crate) fn system_packages(wheels: bool) -> Result<Outcome> {
    let Some(platform) = Platform::detect() else {
        bail!(
            "no package manager was found (apt-get, dnf, pacman, brew or winget); install by hand: {}",
            NEEDS
                .iter()
                .flat_map(|need| need.on(Platform::Apt))
                .copied()
                .collect::<Vec<_>>()
                .join(" ")
        );
    };
    let mut needs: Vec<&Need> = NEEDS.iter().collect();
    if node::system().is_none() {
        needs.push(&NODE);
    }
    if wheels && !pip::works() {
        needs.push(&PIP);
    }
    let names: Vec<&str> = needs
        .iter()
        .flat_map(|need| need.on(platform))
        .copied()
        .collect();
    let missing = missing(platform, &names);
    if missing.is_empty() {
        return Ok(Outcome::Already(format!(
            "all {} packages are there",
            names.len()
        )));
    }
    for need in &needs {
        let mine: Vec<_> = need
            .on(platform)
            .iter()
            .filter(|name| missing.contains(**name))
            .copied()
            .collect();
        if !mine.is_empty() {
            println!("    missing: {} ({})", mine.join(" "), need.why);
        }
    }
    let missing: Vec<&str> = missing.into_iter().collect();
    ask::consent(&format!("Install {} packages?", missing.len()))?;
    install(platform, &missing)?;
    Ok(Outcome::Done)
}

fn missing<'a>(platform: Platform, names: &[&'a str]) -> BTreeSet<&'a str> {
    let mut there: BTreeSet<String> = BTreeSet::new();
    match platform {
        Platform::Apt => there = apt::installed(names),
        Platform::Brew => {
            let list = command::probe(Command::new("brew").args(["list", "--formula", "-1"]));
            there.extend(list.unwrap_or_default().lines().map(str::to_owned));
        }
        Platform::Dnf | Platform::Pacman | Platform::Winget => {
            for name in names {
                let mut ask = match platform {
                    Platform::Dnf => Command::new("rpm"),
                    Platform::Pacman => Command::new("pacman"),
                    _ => Command::new("winget"),
                };
                match platform {
                    Platform::Winget => ask.args(["list", "--exact", "--id", name]),
                    Platform::Pacman => ask.args(["-T", name]),
                    _ => ask.args(["-q", "--whatprovides", name]),
                };
                if command::probe(&mut ask).is_some() {
                    there.insert((*name).to_owned());
                }
            }
        }
    }
    names
        .iter()
        .filter(|name| !there.contains(**name))
        .copied()
        .collect()
}

fn install(platform: Platform, names: &[&str]) -> Result<()> {
    match platform {
        Platform::Apt => apt::install(names),
        Platform::Dnf => command::run(&mut as_root("dnf", &[&["install", "-y"], names].concat())?),
        Platform::Pacman => {
            let words = ["-S", "--needed", "--noconfirm"];
            command::run(&mut as_root("pacman", &[&words, names].concat())?)
        }
        Platform::Brew => command::run(Command::new("brew").arg("install").args(names)),
        Platform::Winget => names.iter().try_for_each(|name| {
            let options = [
                "--exact",
                "--silent",
                "--accept-package-agreements",
                "--accept-source-agreements",
            ];
            command::run(
                Command::new("winget")
                    .args(["install", "--id", name])
                    .args(options),
            )
        }),
    }
}

/// The program as root: itself when we are, else by sudo.
pub(crate) fn as_root(program: &str, arguments: &[&str]) -> Result<Command> {
    let mut command = if is_root() {
        Command::new(program)
    } else {
        if command::on_path("sudo").is_none() {
            let words = arguments.join(" ");
            bail!("this takes root, and there is no sudo; as root: {program} {words}");
        }
        let mut sudo = Command::new("sudo");
        sudo.arg(program);
        sudo
    };
    command.args(arguments);
    Ok(command)
}

fn is_root() -> bool {
    command::probe(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0")
}
