//! A campaign, and how its cases are run: some at a time, whole runs from where an earlier one stopped.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{ground::Ground, progress::Progress, tally::Tally};

/// One way of doing a vault harm, in many cases.
pub trait Campaign: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What a report says of it.
    fn what(&self) -> &'static str;

    /// How many cases there are in a whole run, or in a sample.
    fn cases(&self, full: bool) -> u64;

    /// Cases that run side by side.
    fn workers(&self) -> u64 {
        2
    }

    /// Why it can't run on this machine, if it can't.
    fn hindrance(&self, _ground: &Ground) -> Option<String> {
        None
    }

    /// Runs one case. An error is a fault of the campaign; what is wrong with the vault goes into the tally.
    fn case(&self, ground: &Ground, number: u64) -> Result<Tally>;
}

/// Every campaign that this system can run.
pub fn all() -> Vec<Box<dyn Campaign>> {
    let mut all: Vec<Box<dyn Campaign>> = vec![
        Box::new(crate::kill::Kill),
        Box::new(crate::starts::Starts),
        Box::new(crate::clock::Clock),
        Box::new(crate::damage::Damage::default()),
    ];
    #[cfg(target_os = "linux")]
    {
        all.push(Box::new(crate::power::Power::default()));
        all.push(Box::new(crate::inject::Inject::default()));
        all.push(Box::new(crate::canary::Canary));
    }
    all
}

/// Runs `call` to its end on this thread.
pub fn wait_for<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no runtime")?
        .block_on(call)
}

/// Runs all cases that `progress` has not seen, telling `tell` after each batch.
pub fn run(
    campaign: &dyn Campaign,
    ground: &Ground,
    progress: &mut Progress,
    mut tell: impl FnMut(&Progress) -> Result<()>,
) -> Result<()> {
    let total = campaign.cases(ground.full);
    let mut batch = campaign.workers();
    while progress.next < total {
        let began = Instant::now();
        let end = total.min(progress.next.saturating_add(batch));
        let tally = side_by_side(campaign, ground, progress.next, end)?;
        let took = began.elapsed();
        progress.tally.merge(tally);
        progress.next = end;
        progress.seconds += took.as_secs_f64();
        tell(progress)?;
        // About a second of work is lost by an interruption.
        if took < Duration::from_millis(500) {
            batch = batch.saturating_mul(2);
        } else if took > Duration::from_secs(3) && batch > campaign.workers() {
            batch /= 2;
        }
    }
    Ok(())
}

fn side_by_side(campaign: &dyn Campaign, ground: &Ground, first: u64, end: u64) -> Result<Tally> {
    let workers = campaign.workers();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    let mut tally = Tally::default();
                    let mut number = first + worker;
                    while number < end {
                        let case = campaign
                            .case(ground, number)
                            .with_context(|| format!("{} {number}", campaign.name()))?;
                        tally.merge(case);
                        number += workers;
                    }
                    Ok::<_, anyhow::Error>(tally)
                })
            })
            .collect();
        let mut tally = Tally::default();
        for thread in threads {
            match thread.join() {
                Ok(found) => tally.merge(found?),
                Err(_) => bail!("{} panicked", campaign.name()),
            }
        }
        Ok(tally)
    })
}

/// Runs a sample and says what it came to; a failure is an error that names the first ones.
pub fn sample(campaign: &dyn Campaign, ground: &Ground) -> Result<Tally> {
    let mut progress = Progress::new(ground.seed);
    run(campaign, ground, &mut progress, |_| Ok(()))?;
    let tally = progress.tally;
    if tally.failed > 0 {
        bail!(
            "{} failures (seed {}):\n{}",
            tally.failed,
            ground.seed,
            tally.failures.join("\n")
        );
    }
    Ok(tally)
}
