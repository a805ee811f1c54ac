//! Measures the product and writes docs/figures. Every figure is made by the command that it names.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

#[cfg(target_os = "linux")]
mod busy;
#[cfg(target_os = "linux")]
mod deaths;
#[cfg(unix)]
mod drafts;
mod engine;
#[cfg(unix)]
mod history;
mod hostile;
mod tokenizers;
#[cfg(unix)]
mod vault;
#[cfg(target_os = "linux")]
mod window;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Decode and prefill against llama-bench, interleaved
    Engine {
        /// Pairs of runs for each model
        #[arg(long, default_value_t = 10)]
        rounds: usize,
    },
    /// The first token after a long conversation: in the same run, after a restart, read anew
    #[cfg(unix)]
    History {
        /// Rounds
        #[arg(long, default_value_t = 8)]
        rounds: usize,
    },
    /// Decode with drafts from the text over decode without
    #[cfg(unix)]
    Lookup {
        /// Pairs of runs
        #[arg(long, default_value_t = 8)]
        rounds: usize,
    },
    /// Decode with drafts of a smaller model over decode without
    #[cfg(unix)]
    Drafter {
        /// Pairs of runs
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Decode beside a program that keeps every core busy
    #[cfg(target_os = "linux")]
    Busy {
        /// Rounds
        #[arg(long, default_value_t = 8)]
        rounds: usize,
    },
    /// What `busy` runs beside the engine
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Spin {
        /// For how long
        milliseconds: u64,
    },
    /// Engines that die in mid-answer
    #[cfg(target_os = "linux")]
    Deaths {
        /// Deaths
        #[arg(long, default_value_t = 1000)]
        deaths: usize,
    },
    /// Spoiled model files, each put through the real engine
    Hostile {
        /// Files
        #[arg(long, default_value_t = 2000)]
        files: usize,
        /// The same seed spoils the same way
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Engines at a time
        #[arg(long, default_value_t = 2)]
        workers: usize,
    },
    /// A vault of a million messages: open, append, search, lists, and what encryption costs
    #[cfg(unix)]
    Vault {
        /// Messages, 20 in a conversation
        #[arg(long, default_value_t = 1_000_000)]
        messages: usize,
    },
    /// The search index's tokenizers: what they find, their size and their speed
    Tokenizers {
        /// Messages, for size and speed
        #[arg(long, default_value_t = 1_000_000)]
        messages: usize,
    },
    /// From the start of the process to the first frame that can be used
    #[cfg(target_os = "linux")]
    Start {
        /// Starts
        #[arg(long, default_value_t = 20)]
        rounds: usize,
    },
    /// Memory of an app that does nothing
    #[cfg(target_os = "linux")]
    Idle,
    /// Sentences that were typed and lie somewhere in the clear
    #[cfg(target_os = "linux")]
    Canary,
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().what {
        What::Engine { rounds } => engine::measure(rounds).await,
        #[cfg(unix)]
        What::History { rounds } => history::measure(rounds).await,
        #[cfg(unix)]
        What::Lookup { rounds } => drafts::lookup(rounds).await,
        #[cfg(unix)]
        What::Drafter { rounds } => drafts::drafter(rounds).await,
        #[cfg(target_os = "linux")]
        What::Busy { rounds } => busy::measure(rounds).await,
        #[cfg(target_os = "linux")]
        What::Spin { milliseconds } => {
            busy::spin(milliseconds);
            Ok(())
        }
        #[cfg(target_os = "linux")]
        What::Deaths { deaths } => deaths::measure(deaths).await,
        What::Hostile {
            files,
            seed,
            workers,
        } => hostile::measure(files, seed, workers).await,
        What::Tokenizers { messages } => tokenizers::measure(messages).await,
        #[cfg(unix)]
        What::Vault { messages } => vault::measure(messages).await,
        #[cfg(target_os = "linux")]
        What::Start { rounds } => window::start(rounds).await,
        #[cfg(target_os = "linux")]
        What::Idle => window::idle().await,
        #[cfg(target_os = "linux")]
        What::Canary => window::canaries().await,
    }
}
