//! `cargo xtask faults`: runs the fault campaigns, a sample of each or all of them.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::{fs, time::Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, Subcommand};
use tandem_faults::{
    campaign::{self, Campaign},
    ground::Ground,
    kill,
    progress::{self, Progress},
    report, starts,
};

#[derive(Parser)]
#[command(name = "cargo xtask faults")]
struct Arguments {
    /// Every case there is, from where an earlier run stopped; writes docs/figures
    #[arg(long)]
    full: bool,
    /// The same seed makes the same choices
    #[arg(long)]
    seed: Option<u64>,
    /// These campaigns alone
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// What campaigns start and kill
    #[command(hide = true)]
    Worker {
        #[command(subcommand)]
        work: Work,
    },
}

#[derive(Subcommand)]
enum Work {
    Kill(kill::child::Orders),
    Start(starts::Orders),
    #[cfg(target_os = "linux")]
    Disk(tandem_faults::disk::server::Orders),
    #[cfg(target_os = "linux")]
    Canary(tandem_faults::canary::child::Orders),
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.role {
        Some(Role::Worker { work }) => match work {
            Work::Kill(orders) => kill::child::run(&orders),
            Work::Start(orders) => starts::child(&orders),
            #[cfg(target_os = "linux")]
            Work::Disk(orders) => tandem_faults::disk::server::run(&orders),
            #[cfg(target_os = "linux")]
            Work::Canary(orders) => tandem_faults::canary::child::run(&orders),
        },
        None => campaigns(&arguments),
    }
}

fn campaigns(arguments: &Arguments) -> Result<()> {
    if arguments.full {
        report::check()?;
    }
    let all = campaign::all();
    for name in &arguments.only {
        let known: Vec<_> = all.iter().map(|campaign| campaign.name()).collect();
        ensure!(
            known.contains(&name.as_str()),
            "there is no campaign {name}: {}",
            known.join(", ")
        );
    }
    let mut failed = 0;
    for campaign in &all {
        if arguments.only.is_empty() || arguments.only.iter().any(|name| name == campaign.name()) {
            failed += one(campaign.as_ref(), arguments)?;
        }
    }
    if failed > 0 {
        bail!("{failed} failures");
    }
    Ok(())
}

/// Runs one campaign; says how many failures there were.
fn one(campaign: &dyn Campaign, arguments: &Arguments) -> Result<u64> {
    let name = campaign.name();
    let program = std::env::current_exe().context("where this program is can't be told")?;
    let file = progress::file(&program, name);
    let mut progress = if arguments.full {
        Progress::load(&file, arguments.seed)?
    } else {
        Progress::new(arguments.seed.unwrap_or(1))
    };
    let ground = Ground::new(progress.seed, arguments.full, program);
    println!("{name}: {}", campaign.what());
    if let Some(why) = campaign.hindrance(&ground) {
        ensure!(!arguments.full, "{name} can't run here: {why}");
        println!("  NOT RUN: {why}");
        return Ok(0);
    }
    let total = campaign.cases(arguments.full);
    if progress.next > 0 {
        println!("  goes on at case {} of {total}", progress.next);
    }
    let mut told = Instant::now();
    campaign::run(campaign, &ground, &mut progress, |progress| {
        if arguments.full {
            progress.save(&file)?;
        }
        if told.elapsed().as_secs() >= 5 || progress.next == total {
            told = Instant::now();
            println!(
                "  {} of {total} cases, {} failures, {:.0} s",
                progress.next, progress.tally.failed, progress.seconds
            );
        }
        Ok(())
    })?;
    for (what, times) in &progress.tally.counts {
        println!("  {times:>9}  {what}");
    }
    for (what, value) in &progress.tally.worst {
        println!("  {value:>9.1}  {what}, at worst");
    }
    for failure in &progress.tally.failures {
        println!("  FAILED {failure}");
    }
    if arguments.full {
        println!("  docs/figures/{}", report::write(campaign, &progress)?);
        fs::remove_file(&file)?;
    }
    Ok(progress.tally.failed)
}
