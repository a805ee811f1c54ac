//! The words of the command line.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::place::Place;
use crate::report::Report;
use crate::{
    bindings, boundaries, environment, figures, fuzz, peer, record, run, setup, suite, weights,
};

/// The project's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the build needs, build the page, fetch the embedded model
    Setup,
    /// Set up, build and open the app (in a terminal without a display: the chat)
    Run {
        /// Passed on to the app
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Everything CI checks, from formatting to the real window
    Test,
    /// The quick part of `test`: formatting, boundaries, clippy, the page
    Check,
    /// The import table and the rules of the sources, alone
    Boundaries,
    /// Print the `export` lines for building by hand or from an editor
    Env,
    /// Fetch a model of models/catalog.toml by its id
    Fetch {
        /// For example `qwen2.5-coder-0.5b`
        id: String,
    },
    /// Write the TypeScript bindings of the Rust wire types to ui/src/bindings
    Bindings,
    /// Hold docs/figures against its targets and write the table
    Figures,
    /// Turn the last cold `test` into the figure `setup.cold_minutes`
    RecordSetup,
    /// Take the screenshots of the README
    Screenshots {
        /// Passed on to the program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Build the peer that the engine is measured against, llama.cpp's own programs, from source
    Peer,
    /// Run the GGUF guard under libFuzzer and write its figure
    Fuzz {
        /// Inputs to run it on
        #[arg(long, default_value_t = 10_000_000)]
        executions: u64,
    },
    /// Do the vault harm: kills, power cuts, failing disks, damaged files; a sample, or with `--full` all of it
    Faults {
        /// Passed on to the program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Measure the app and the engine against their peers
    Bench {
        /// Passed on to the program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
}

impl Arguments {
    /// Does the task; the code is the one a started program ended with.
    pub(crate) fn carry_out(self) -> Result<ExitCode> {
        let place = Place::find()?;
        let mut report = Report::start();
        match self.task {
            Task::Setup => setup::everything(&place, &mut report)?,
            Task::Run { rest } => return run::app(&place, &mut report, &rest),
            Task::Test => suite::whole(&place, &mut report)?,
            Task::Check => suite::quick(&place, &mut report)?,
            Task::Boundaries => report.step("boundaries", || boundaries::check(&place))?,
            Task::Env => environment::print(&place),
            Task::Fetch { id } => weights::fetch(&place, &id)?,
            Task::Bindings => bindings::write(&place)?,
            Task::Figures => figures::write(&place)?,
            Task::RecordSetup => record::setup_figure(&place)?,
            Task::Screenshots { rest } => {
                return run::tool(&place, &mut report, "screenshots", &rest);
            }
            Task::Faults { rest } => return run::tool(&place, &mut report, "faults", &rest),
            Task::Peer => report.step("the peer", || peer::build(&place))?,
            Task::Fuzz { executions } => fuzz::run(&place, executions)?,
            Task::Bench { rest } => {
                setup::everything(&place, &mut report)?;
                report.step("the peer", || peer::build(&place))?;
                return run::tool(&place, &mut report, "measure", &rest);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
