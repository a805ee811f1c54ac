//! Builds and opens what was built.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::place::Place;
use crate::report::{Outcome, Report};
use crate::{cargo, command, environment, setup};

/// Opens the app, or the terminal's chat where there is no display.
pub(crate) fn app(place: &Place, report: &mut Report, rest: &[String]) -> Result<ExitCode> {
    prepare(place, report)?;
    if has_display() {
        return open(place, "tandem-app", &[], rest);
    }
    println!("There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set), so this is the chat in your terminal.");
    open(place, "tandem", &["chat"], rest)
}

/// Runs a program of the whole-system tests.
pub(crate) fn tool(place: &Place, report: &mut Report, name: &str, rest: &[String]) -> Result<ExitCode> {
    prepare(place, report)?;
    open(place, name, &[], rest)
}

fn prepare(place: &Place, report: &mut Report) -> Result<()> {
    setup::everything(place, report)?;
    report.step("build", || {
        command::run(&mut cargo::workspace(place, "build"))?;
        Ok(Outcome::Done)
    })
}

fn open(place: &Place, name: &str, first: &[&str], rest: &[String]) -> Result<ExitCode> {
    let program = place.program(name);
    let status = Command::new(&program)
        .args(first)
        .args(rest)
        .envs(environment::variables(place))
        .status()
        .with_context(|| format!("{} could not be started", program.display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
