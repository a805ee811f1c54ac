//! Builds and opens what was built.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::place::Place;
use crate::report::{Outcome, Report};
use crate::{cargo, command, date, machine, peer, setup};

/// Opens the app, or the terminal's chat where there is no display.
pub(crate) fn app(place: &Place, report: &mut Report, rest: &[String]) -> Result<ExitCode> {
    prepare(place, report)?;
    if has_display() {
        let app = place.program("tandem-app");
        return open(cargo::outside(place, app.as_os_str()).args(rest));
    }
    println!(
        "There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set), so this is the chat in your terminal."
    );
    let chat = place.program("tandem");
    open(
        cargo::outside(place, chat.as_os_str())
            .arg("chat")
            .args(rest),
    )
}

/// Runs a program of the whole-system tests, in the checkout.
pub(crate) fn tool(
    place: &Place,
    report: &mut Report,
    name: &str,
    rest: &[String],
) -> Result<ExitCode> {
    prepare(place, report)?;
    let tool = place.program(name);
    open(
        cargo::cargo_with(place, tool.as_os_str())
            .env("TANDEM_MACHINE", machine::description())
            .env("TANDEM_DATE", date::today())
            .env("TANDEM_PEER", peer::programs(place))
            .args(rest),
    )
}

fn prepare(place: &Place, report: &mut Report) -> Result<()> {
    setup::everything(place, report)?;
    report.step("build", || {
        command::run(&mut cargo::everything(place, "build"))?;
        Ok(Outcome::Done)
    })
}

/// Waits for the program and passes its code on; one that a signal ended counts as failed.
fn open(program: &mut Command) -> Result<ExitCode> {
    let status = program
        .status()
        .with_context(|| format!("`{}` could not be started", command::shown(program)))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
