//! A disk that can lose power and fail: a file system in user space, all of it in memory.
//!
//! What was written and not synced is kept apart, by sector and in order; so are changes of folders. A power cut keeps a
//! random part of that and drops the rest. A fault makes one call fail, or all from one on. Pages of the system are kept
//! out of the way (direct I/O), so every call of SQLite arrives here as it was made.

mod calls;
pub mod sectors;
pub mod tree;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result};
use fuser::{BackgroundSession, Config, MountOption};
use tempfile::TempDir;

pub use tree::{Errno, Fault, Tree};

/// A mounted disk. Dropped, it is unmounted.
pub struct Disk {
    tree: Arc<Mutex<Tree>>,
    session: Option<BackgroundSession>,
    at: TempDir,
}

impl Disk {
    /// An empty disk, mounted in an own folder. Fails where the system has no FUSE, or this user may not mount.
    pub fn mount() -> Result<Self> {
        let at = tempfile::Builder::new()
            .prefix("tandem-faults-disk-")
            .tempdir()?;
        let tree = Arc::new(Mutex::new(Tree::default()));
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("tandem-faults".to_owned())];
        let session = fuser::spawn_mount(calls::Calls::new(tree.clone()), at.path(), &config)
            .context("no disk can be mounted: this needs FUSE, and root or fusermount3")?;
        Ok(Self {
            tree,
            session: Some(session),
            at,
        })
    }

    /// Where it is mounted.
    pub fn path(&self) -> PathBuf {
        self.at.path().to_owned()
    }

    /// What is on it, for as long as the guard lives. Every call of the disk waits meanwhile.
    pub fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why no disk can be mounted here, if none can.
    pub fn hindrance() -> Option<String> {
        if !Path::new("/dev/fuse").exists() {
            return Some("there is no /dev/fuse".to_owned());
        }
        Self::mount().err().map(|error| format!("{error:#}"))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // Where something is still open, the system unmounts it later.
            let _: io::Result<()> = session.umount_and_join();
        }
    }
}

/// Disks that wait for the next case: mounting takes longer than a case.
#[derive(Default)]
pub struct Rack(Mutex<Vec<Disk>>);

impl Rack {
    /// A disk that nobody else uses, with whatever was left on it.
    pub fn take(&self) -> Result<Disk> {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        free.map_or_else(Disk::mount, Ok)
    }

    /// Puts it back.
    pub fn put(&self, disk: Disk) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(disk);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{
        fs::{self, File},
        io::Write,
    };

    use super::*;

    #[test]
    fn the_mounted_disk_is_a_disk() {
        if let Some(why) = Disk::hindrance() {
            // The campaigns that need it say so as well.
            assert!(!why.is_empty());
            return;
        }
        let disk = Disk::mount().unwrap();
        let file = disk.path().join("folder/file");
        fs::create_dir(disk.path().join("folder")).unwrap();
        let mut open = File::create(&file).unwrap();
        open.write_all(&[7; 10_000]).unwrap();
        open.sync_all().unwrap();
        for folder in [disk.path(), disk.path().join("folder")] {
            File::open(folder).unwrap().sync_all().unwrap();
        }
        open.write_all(&[8; 10_000]).unwrap();
        fs::rename(&file, disk.path().join("folder/other")).unwrap();
        assert_eq!(
            fs::metadata(disk.path().join("folder/other"))
                .unwrap()
                .len(),
            20_000
        );
        // All that wasn't synced is dropped.
        disk.tree().cut_power(&mut fastrand::Rng::with_seed(1), 0);
        assert!(fs::read(&file).is_err());
        drop(open);
        disk.tree().power_on();
        assert_eq!(fs::read(&file).unwrap(), [7; 10_000]);
        disk.tree().fail(Fault {
            errno: Errno::ENOSPC,
            at: 1,
            lasting: false,
        });
        let error = fs::write(disk.path().join("more"), "x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        fs::write(disk.path().join("more"), "x").unwrap();
        assert_eq!(disk.tree().mend(), 1);
    }
}
