//! The assistant in a terminal.

mod ask;
mod bench;
mod chat;
mod doctor;
mod exchange;
mod keys;
mod safety;
mod speak;
mod unlock;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use tandem_assistant::{
    Door, Paths, guard, keep_logs,
    wire::{Event, Failure},
};
use tokio::sync::broadcast::error::RecvError;

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
    /// Lock the conversations, in every window.
    Lock,
    /// Show a new recovery phrase, to be written down.
    Phrase,
    /// Protect the conversations with a passphrase, or change it.
    Passphrase {
        /// Leave the key to the system's keyring again.
        #[arg(long)]
        remove: bool,
    },
    /// Make new keys and encrypt everything anew with them.
    Rotate,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = guard() {
        speak::aside(&format!(
            "Other programs may read Tandem's memory: {error}."
        ));
    }
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
    end_when_locked(&door, matches!(arguments.command, Command::Lock));
    let passphrase = arguments.passphrase_file.as_deref();
    let result = match arguments.command {
        Command::Doctor => doctor::run(&door).await,
        Command::Backups => safety::list(&door).await,
        Command::Restore { which } => safety::restore(&door, &which, passphrase).await,
        Command::Rescue => safety::rescue(&door, passphrase).await,
        Command::GoOn => safety::go_on(&door, passphrase).await,
        Command::Erase => safety::erase(&door).await,
        // What is locked needs no opening.
        Command::Lock => keys::lock(&door).await,
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
        Command::Phrase => keys::phrase(door, false).await,
        Command::Passphrase { remove } => keys::passphrase(door, remove).await,
        Command::Rotate => keys::phrase(door, true).await,
        // Those work without an open vault.
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// A process that showed conversations ends when they are locked: its memory isn't emptied by forgetting them.
fn end_when_locked(door: &Door, asked: bool) {
    let (door, mut events) = (door.clone(), door.events());
    tokio::spawn(async move {
        loop {
            match events.recv().await {
                Ok(Event::Locked) if !asked => {
                    speak::aside("Tandem was locked.");
                    door.close().await;
                    std::process::exit(1);
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    });
}

fn fail(message: &str) -> ExitCode {
    speak::aside(message);
    ExitCode::FAILURE
}
