//! What was done and how long it took.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// How a step ended well.
pub(crate) enum Outcome {
    /// Work was done.
    Done,
    /// Nothing had to be done; says why.
    Already(String),
}

/// One finished step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Step {
    /// Its title.
    pub(crate) name: String,
    /// Wall time in seconds.
    pub(crate) seconds: f64,
    /// Whether there was anything to do.
    pub(crate) worked: bool,
}

/// The steps so far.
pub(crate) struct Report {
    started: Instant,
    steps: Vec<Step>,
}

impl Report {
    /// The clock starts here.
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
            steps: Vec::new(),
        }
    }

    /// Runs one step under its title; an error carries the title, and later steps don't run.
    pub(crate) fn step(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<Outcome>,
    ) -> Result<()> {
        println!("==> {name}");
        let before = Instant::now();
        let outcome = work();
        let seconds = before.elapsed().as_secs_f64();
        self.steps.push(Step {
            name: name.to_owned(),
            seconds,
            worked: !matches!(outcome, Ok(Outcome::Already(_))),
        });
        match outcome {
            Ok(Outcome::Done) => println!("    done in {seconds:.1} s"),
            Ok(Outcome::Already(why)) => println!("    {why} ({seconds:.1} s)"),
            Err(error) => {
                return Err(error.context(format!("step '{name}' failed after {seconds:.1} s")));
            }
        }
        Ok(())
    }

    /// The steps so far.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Wall time since the start, the compilation of this program included where the system tells
    /// when the process began: `cargo run` becomes this process.
    pub(crate) fn elapsed(&self) -> Duration {
        since_process_start().unwrap_or_else(|| self.started.elapsed())
    }

    /// The steps and their times, one a line.
    pub(crate) fn print_table(&self) {
        println!();
        for step in &self.steps {
            println!("{:>8.1} s  {}", step.seconds, step.name);
        }
        println!("{:>8.1} s  in all", self.elapsed().as_secs_f64());
    }
}

fn since_process_start() -> Option<Duration> {
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let age = age_in_seconds(&uptime, &stat)?;
    Duration::try_from_secs_f64(age).ok()
}

/// The kernel counts a process's start in hundredths of a second since boot, in the 22nd field; the
/// second field, in parentheses, may hold anything.
fn age_in_seconds(uptime: &str, stat: &str) -> Option<f64> {
    let up: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: f64 = fields.split_whitespace().nth(19)?.parse().ok()?;
    Some(up - ticks / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_survives_a_strange_process_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 1500 9 9";
        assert_eq!(age_in_seconds("100.50 12.0", stat), Some(85.5));
    }
}
