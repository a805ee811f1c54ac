//! What a child process tells its parent, a line each, and the child itself.

use std::{
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::act::Act;

/// How long a child may be silent.
const PATIENCE: Duration = Duration::from_mins(1);

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Line {
    /// It runs, and waits for its standard input to end before it goes on.
    Ready,
    /// The vault is open.
    Open,
    /// The vault is being closed.
    Closing,
    /// The vault was closed.
    Closed,
    /// This is tried next.
    Try(Act),
    /// The vault gets new keys.
    Rotating,
    /// It has them.
    Rotated,
    /// It was acknowledged.
    Done,
    /// A piece of an answer came: how long the answer is with it, in bytes, and when, in microseconds of the child's
    /// own clock.
    Piece(usize, u64),
    /// The vault said no, with this code and these words.
    Refused(String, String),
    /// The child has done what it was started for.
    End,
}

/// Tells the parent. When nobody listens any more there is nothing left to do.
pub fn say(line: &Line) {
    let told = serde_json::to_string(line).map_err(io::Error::other);
    let told = told.and_then(|text| {
        let mut out = io::stdout().lock();
        out.write_all(format!("{text}\n").as_bytes())?;
        out.flush()
    });
    if told.is_err() {
        std::process::exit(3);
    }
}

/// Says that it runs and waits until the parent lets it go.
pub fn wait_for_parent() -> Result<()> {
    say(&Line::Ready);
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    Ok(())
}

/// A running child.
pub struct Worker {
    child: Child,
    lines: Receiver<Line>,
    /// All that it said so far.
    pub said: Vec<Line>,
}

impl Worker {
    /// Starts `program worker …`.
    pub fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(program)
            .arg("worker")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} can't be started", program.display()))?;
        let output = child.stdout.take().context("it has a standard output")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                // A line that was cut by a kill was never said.
                let Some(line) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else {
                    break;
                };
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            child,
            lines,
            said: Vec::new(),
        })
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends its standard input.
    pub fn release(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Its standard input, to be written to.
    pub fn input(&mut self) -> Result<&mut std::process::ChildStdin> {
        self.child.stdin.as_mut().context("its input has ended")
    }

    /// The next line, or nothing when it has ended.
    pub fn hear(&mut self) -> Result<Option<Line>> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.said.push(line.clone());
                Ok(Some(line))
            }
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => bail!("a child is silent for {PATIENCE:?}"),
        }
    }

    /// Listens until `deadline`, or until it has ended.
    pub fn hear_until(&mut self, deadline: Instant) {
        while let Ok(line) = self
            .lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.said.push(line);
        }
    }

    /// Listens until it says `line`; says whether it did before it ended.
    pub fn hear_to(&mut self, line: &Line) -> Result<bool> {
        while let Some(said) = self.hear()? {
            if said == *line {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Kills it, as the system would, and takes what it had said. Says whether it was still alive.
    pub fn kill(mut self) -> Result<(bool, Vec<Line>)> {
        let alive = self.child.try_wait()?.is_none();
        self.child.kill()?;
        self.child.wait()?;
        self.said.extend(self.lines.iter());
        Ok((alive, std::mem::take(&mut self.said)))
    }

    /// Waits for its end; an end in disorder is an error.
    pub fn finish(mut self) -> Result<Vec<Line>> {
        self.release();
        while self.hear()?.is_some() {}
        let status = self.child.wait()?;
        if !status.success() {
            bail!("a child ended with {status}");
        }
        Ok(std::mem::take(&mut self.said))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Where a case ended early; one that was waited for is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
