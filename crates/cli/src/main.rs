//! The assistant in a terminal.

mod ask;
mod bench;
mod chat;
mod doctor;
mod exchange;
mod safety;
mod speak;
mod unlock;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tandem_assistant::{Door, Paths, keep_logs, wire::Failure};

/// A private assistant that runs on your own device.
#[derive(Parser)]
#[command(name = "tandem", version, arg_required_else_help = true)]
struct Arguments {
    /// Keep everything in this folder instead of the usual one.
    #[arg(long, global = true, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Read the vault's passphrase from the first line of this file.
    #[arg(long, global = true, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Talk with the assistant.
    Chat,
    /// Ask one question. What comes in through standard input is added to it.
    Ask {
        /// The question.
        question: Vec<String>,
    },
    /// Bring in conversations of other assistants, or an archive. What is here already isn't brought again.
    Import(exchange::Import),
    /// Write conversations to a new file.
    Export(exchange::Export),
    /// Measure how fast the chosen model is here, and compare with the last time.
    Bench,
    /// Say what this machine has, what of it is used, and what doesn't work.
    Doctor,
    /// Make a backup now. One a day is made by itself.
    Backup,
    /// List the backups.
    Backups,
    /// Put a backup in the place of your data, which is kept aside.
    Restore {
        /// The backup's number in the list of `tandem backups`, or a folder with a backup.
        which: String,
    },
    /// Save what can be read of damaged data; the damaged files are kept aside.
    Rescue,
    /// Open data that is older than what was saved last, giving up what is missing.
    GoOn,
    /// Delete everything that Tandem keeps of you, backups included.
    Erase,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("Tandem can't start: {error}.")),
    };
    match runtime.block_on(run(arguments)) {
        Ok(code) => code,
        Err(failure) => fail(&failure.message),
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let paths = Paths::new(arguments.data)?;
    if let Err(error) = keep_logs(&paths) {
        speak::aside(&format!("No log is kept: {error}."));
    }
    let door = Door::open(paths).await?;
    let passphrase = arguments.passphrase_file.as_deref();
    let result = match arguments.command {
        Command::Doctor => doctor::run(&door).await,
        Command::Backups => safety::list(&door).await,
        Command::Restore { which } => safety::restore(&door, &which, passphrase).await,
        Command::Rescue => safety::rescue(&door, passphrase).await,
        Command::GoOn => safety::go_on(&door, passphrase).await,
        Command::Erase => safety::erase(&door).await,
        command => match unlock::open(&door, passphrase).await {
            Ok(()) => opened(&door, command).await,
            Err(failure) => Err(failure),
        },
    };
    // Another window may have attached to this process and be in mid-answer.
    tokio::select! {
        () = door.idle() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    door.close().await;
    result
}

/// What needs an open vault.
async fn opened(door: &Door, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Chat => chat::run(door).await,
        Command::Ask { question } => ask::run(door, &question.join(" ")).await,
        Command::Import(what) => exchange::import(door, what).await,
        Command::Export(what) => exchange::export(door, what).await,
        Command::Bench => bench::run(door).await,
        Command::Backup => safety::back_up(door).await,
        // Those work without an open vault.
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn fail(message: &str) -> ExitCode {
    speak::aside(message);
    ExitCode::FAILURE
}
