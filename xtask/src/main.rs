//! The project's own tasks: `cargo xtask setup`, `run`, `test` and what stands beside them.
//!
//! Everything a person or CI does with this repository goes through here, so that both do the same.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task runner talks to the person in front of its terminal"
)]

mod apt;
mod ask;
mod bindings;
mod boundaries;
mod cargo;
mod catalog;
mod cli;
mod command;
mod date;
mod deny;
mod digest;
mod download;
mod environment;
mod figures;
mod fuzz;
mod install;
mod links;
mod machine;
mod node;
mod packages;
mod peer;
mod pip;
mod place;
mod platform;
mod record;
mod report;
mod run;
mod setup;
mod source;
mod stamp;
mod suite;
mod target;
mod tests_total;
mod ui;
mod version;
mod vulkan;
mod weights;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Arguments::parse().carry_out() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
