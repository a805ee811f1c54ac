//! The test command: every check in order, each timed, stopping at the first failure.

use std::process::Command;

use anyhow::{Context, Result};

use crate::place::Place;
use crate::report::{Outcome, Report};
use crate::{bindings, boundaries, cargo, command, deny, record, setup, tests_total, ui};

/// Everything that CI checks.
pub(crate) fn whole(place: &Place, report: &mut Report) -> Result<()> {
    let cold = record::is_cold(place);
    let ended = checks(place, report);
    report.print_table();
    let total = ended?;
    record::last_test(place, report, cold)?;
    println!("{total}");
    Ok(())
}

/// The quick part.
pub(crate) fn quick(place: &Place, report: &mut Report) -> Result<()> {
    setup::everything(place, report)?;
    source(place, report)?;
    page(place, report)?;
    clippy(place, report)?;
    report.print_table();
    Ok(())
}

fn checks(place: &Place, report: &mut Report) -> Result<tests_total::Total> {
    setup::everything(place, report)?;
    source(place, report)?;
    report.step("licenses, bans, sources", || deny::check(place))?;
    page(place, report)?;
    clippy(place, report)?;
    report.step("build", || run(&mut cargo::everything(place, "build")))?;
    let before = bindings::fingerprint(place)?;
    let mut total = tests_total::Total::default();
    report.step("tests", || {
        total = tests_total::run(&mut cargo::workspace(place, "test"))?;
        Ok(Outcome::Done)
    })?;
    report.step("bindings", || bindings::unchanged(place, &before))?;
    Ok(total)
}

fn source(place: &Place, report: &mut Report) -> Result<()> {
    report.step("formatter and linter", || components(place))?;
    report.step("format", || {
        run(cargo::cargo(place).args(["fmt", "--all", "--check"])).context("run `cargo fmt --all`")
    })?;
    report.step("boundaries", || boundaries::check(place))
}

fn page(place: &Place, report: &mut Report) -> Result<()> {
    for script in ["check", "lint", "test"] {
        report.step(&format!("page: {script}"), || {
            ui::script(place, script).map(|()| Outcome::Done)
        })?;
    }
    Ok(())
}

fn clippy(place: &Place, report: &mut Report) -> Result<()> {
    report.step("clippy", || {
        run(cargo::everything(place, "clippy").args(["--", "-D", "warnings"]))
    })
}

/// rustup's smallest profile comes without them.
fn components(place: &Place) -> Result<Outcome> {
    let there =
        |verb: &str| command::probe(cargo::cargo(place).args([verb, "--version"])).is_some();
    if there("fmt") && there("clippy") {
        return Ok(Outcome::Already("rustfmt and clippy are there".into()));
    }
    run(Command::new("rustup").args(["component", "add", "rustfmt", "clippy"]))
        .context("install rustfmt and clippy for this Rust")
}

fn run(command: &mut Command) -> Result<Outcome> {
    command::run(command)?;
    Ok(Outcome::Done)
}
