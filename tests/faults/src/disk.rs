//! A disk that can lose power and fail: a file system in user space, all of it in memory.
//!
//! What was written and not synced is kept apart, by sector and in order; so are changes of folders. A power cut keeps a
//! random part of that and drops the rest. A fault makes one call fail, or all from one on. Pages of the system are kept
//! out of the way (direct I/O), so every call of SQLite arrives here as it was made.
//!
//! A process of its own serves the disk. One that also used it could wait for itself: SQLite shares memory with a file,
//! and whoever waits for a page of that stops all threads of his process that need memory.

mod calls;
pub mod sectors;
pub mod server;
pub mod tree;

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;

use crate::ground::Ground;
use server::Request;

pub use server::{Errno, Fault};

/// A mounted disk. Dropped, it is unmounted.
pub struct Disk {
    child: Mutex<Server>,
    at: TempDir,
}

struct Server {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Everything on a disk, to be laid on one again.
pub struct Image(TempDir);

impl Image {
    fn file(&self) -> PathBuf {
        self.0.path().join("image")
    }
}

impl Disk {
    /// An empty disk, mounted in an own folder. Fails where the system has no FUSE, or this user may not mount.
    pub fn mount(ground: &Ground) -> Result<Self> {
        let at = tempfile::Builder::new()
            .prefix("tandem-faults-disk-")
            .tempdir()?;
        let mut process = Command::new(&ground.program)
            .args(["worker", "disk"])
            .arg(at.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take();
        let output = process.stdout.take().context("it has a standard output")?;
        let disk = Self {
            child: Mutex::new(Server {
                process,
                input,
                output: BufReader::new(output),
            }),
            at,
        };
        disk.ask(&Request::Format)
            .context("no disk can be mounted: this needs FUSE, and root or fusermount3")?;
        Ok(disk)
    }

    /// Where it is mounted.
    pub fn path(&self) -> PathBuf {
        self.at.path().to_owned()
    }

    /// Why no disk can be mounted here, if none can.
    pub fn hindrance(ground: &Ground) -> Option<String> {
        if !Path::new("/dev/fuse").exists() {
            return Some("there is no /dev/fuse".to_owned());
        }
        Self::mount(ground).err().map(|error| format!("{error:#}"))
    }

    /// Makes it empty.
    pub fn format(&self) -> Result<()> {
        self.ask(&Request::Format).map(drop)
    }

    /// Everything that is on it, as if it were synced.
    pub fn image(&self, ground: &Ground) -> Result<Image> {
        let image = Image(ground.folder()?);
        self.ask(&Request::Save(image.file()))?;
        Ok(image)
    }

    /// Makes it what the image says, synced.
    pub fn lay(&self, image: &Image) -> Result<()> {
        self.ask(&Request::Load(image.file())).map(drop)
    }

    /// Lets syncs be taken and not carried out, or carried out again.
    pub fn set_deaf(&self, deaf: bool) -> Result<()> {
        self.ask(&Request::Deaf(deaf)).map(drop)
    }

    /// The power goes at the `calls`th call from now on that changes or syncs; then `percent` of what wasn't synced is
    /// kept.
    pub fn cut_power_at(&self, calls: u64, seed: u64, percent: u8) -> Result<()> {
        let request = Request::CutAt {
            calls,
            seed,
            percent,
        };
        self.ask(&request).map(drop)
    }

    /// The power goes now.
    pub fn cut_power(&self, seed: u64, percent: u8) -> Result<()> {
        self.ask(&Request::Cut { seed, percent }).map(drop)
    }

    /// Whether the power is gone.
    pub fn is_dead(&self) -> Result<bool> {
        Ok(self.ask(&Request::IsDead)? == 1)
    }

    /// The power is back.
    pub fn power_on(&self) -> Result<()> {
        self.ask(&Request::PowerOn).map(drop)
    }

    /// Lets a call fail.
    pub fn fail(&self, fault: Fault) -> Result<()> {
        self.ask(&Request::Fail(fault)).map(drop)
    }

    /// Lets none fail any more. Says how many did.
    pub fn mend(&self) -> Result<u64> {
        self.ask(&Request::Mend)
    }

    /// How many calls since [`Self::fail`] could have failed so.
    pub fn calls_seen(&self) -> Result<u64> {
        self.ask(&Request::Seen)
    }

    fn ask(&self, request: &Request) -> Result<u64> {
        let mut server = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let line = format!("{}\n", serde_json::to_string(request)?);
        let input = server.input.as_mut().context("the disk is gone")?;
        input.write_all(line.as_bytes())?;
        let mut answer = String::new();
        server.output.read_line(&mut answer)?;
        let answer: Result<u64, String> =
            serde_json::from_str(&answer).context("the disk says nothing")?;
        answer.map_err(|words| anyhow!(words))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let server = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        // The end of its input is the end of the disk.
        drop(server.input.take());
        let _ = server.process.wait();
    }
}

/// Disks that wait for the next case: mounting takes longer than a case.
#[derive(Default)]
pub struct Rack(Mutex<Vec<Disk>>);

impl Rack {
    /// A disk that nobody else uses, with whatever was left on it.
    pub fn take(&self, ground: &Ground) -> Result<Disk> {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        free.map_or_else(|| Disk::mount(ground), Ok)
    }

    /// Puts it back.
    pub fn put(&self, disk: Disk) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(disk);
    }
}
