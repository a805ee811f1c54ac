//! The number of the last commit, sealed in a small file beside the database.
//!
//! SQLite can't see that the end of its log is lost or that an older file was put back: both are whole databases. So
//! each commit has a number, inside the database, and the number of the last one that was acknowledged is kept here. It
//! is written after the commit, so the file may be behind the database, never ahead of it: a database that is behind
//! the file has lost something.
//!
//! The file has two slots, far enough apart that no torn write meets both; numbers take turns. A slot is a nonce and the
//! number, sealed with its place and the vault's id (XChaCha20-Poly1305) under a key made from the data key for this
//! alone. It is not synced with each commit: what a loss of power takes from it only makes it older.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use uuid::Uuid;

use crate::{VaultError, durable, keys::Key};

/// Bytes of the file: two slots, a page of the drive each.
const BYTES: usize = 2 * SLOT;
const SLOT: usize = 4096;
const NONCE: usize = 24;
/// Bytes of a slot that are used: nonce, number, seal.
const SEALED: usize = NONCE + 8 + 16;
/// Commits after which the file is synced.
const SYNCED: u64 = 256;

/// What the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// There is no file.
    Missing,
    /// No slot opens: the file is damaged, or another vault's.
    Damaged,
    /// The number of the last acknowledged commit, or of one shortly before.
    Number(u64),
}

/// The file, and what was last written to it. Clones share it.
#[derive(Clone)]
pub(crate) struct Counter(Arc<Inner>);

struct Inner {
    path: PathBuf,
    key: Key,
    vault: Uuid,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    /// Open from the first number on.
    file: Option<File>,
    number: u64,
}

impl Counter {
    /// The counter in the file `path` of the vault `vault`; `key` is its own. Nothing is read or written yet.
    pub(crate) fn new(path: PathBuf, key: Key, vault: Uuid) -> Self {
        Self(Arc::new(Inner {
            path,
            key,
            vault,
            written: Mutex::default(),
        }))
    }

    /// What the file says. Fails when the system can't tell.
    pub(crate) fn kept(&self) -> Result<Kept, VaultError> {
        let path = &self.0.path;
        let mut bytes = Vec::with_capacity(BYTES);
        match File::open(path) {
            Ok(file) => file
                .take(BYTES as u64)
                .read_to_end(&mut bytes)
                .map_err(|error| VaultError::from_io(path, error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::Missing),
            Err(error) => return Err(VaultError::from_io(path, error)),
        };
        let numbers = (0..2).filter_map(|slot| {
            let begin = slot * SLOT;
            self.unseal(slot, bytes.get(begin..begin + SEALED)?)
        });
        Ok(numbers.max().map_or(Kept::Damaged, Kept::Number))
    }

    /// Sets the file to `number`, whatever it said before, synced.
    pub(crate) fn set(&self, number: u64) -> Result<(), VaultError> {
        let mut written = self.written();
        // On Windows a file that is open can't be replaced.
        written.file = None;
        let mut bytes = vec![0; BYTES];
        let begin = slot_of(number) * SLOT;
        let sealed = self.seal(number)?;
        bytes[begin..begin + SEALED].copy_from_slice(&sealed);
        durable::replace(&self.0.path, &bytes)?;
        written.number = number;
        written.file = Some(
            File::options()
                .write(true)
                .open(&self.0.path)
                .map_err(|error| VaultError::from_io(&self.0.path, error))?,
        );
        Ok(())
    }

    /// Notes that the commit `number` is on the disk. A failure leaves the file behind, which loses nothing, so it is
    /// logged and no more.
    pub(crate) fn note(&self, number: u64) {
        if let Err(error) = self.try_note(number) {
            tracing::warn!(%error, "the commit counter could not be written");
        }
    }

    fn try_note(&self, number: u64) -> Result<(), VaultError> {
        let mut written = self.written();
        // Two tasks may come here in the other order than they committed.
        if number <= written.number {
            return Ok(());
        }
        let sealed = self.seal(number)?;
        // Closed: the vault is, or the file could not be made.
        let Some(file) = written.file.as_mut() else {
            return Ok(());
        };
        let begin = slot_of(number) * SLOT;
        file.seek(SeekFrom::Start(begin as u64))
            .and_then(|_| file.write_all(&sealed))
            .map_err(|error| VaultError::from_io(&self.0.path, error))?;
        if number.is_multiple_of(SYNCED)
            && let Ok(file) = file.try_clone()
        {
            // Nobody waits for it.
            drop(tokio::task::spawn_blocking(move || file.sync_data()));
        }
        written.number = number;
        Ok(())
    }

    /// Syncs the file and closes it. Later numbers aren't noted.
    pub(crate) fn close(&self) {
        if let Some(file) = self.written().file.take()
            && let Err(error) = file.sync_all()
        {
            tracing::warn!(%error, "the commit counter could not be synced");
        }
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.0
            .written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn seal(&self, number: u64) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| VaultError::NoRandomness)?;
        let bound = self.bound_to(slot_of(number));
        let sealed = self.cipher().encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: &number.to_le_bytes(),
                aad: bound.as_bytes(),
            },
        );
        let sealed =
            sealed.map_err(|_| VaultError::Database("the counter can't be sealed".to_owned()))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    fn unseal(&self, slot: usize, sealed: &[u8]) -> Option<u64> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let bound = self.bound_to(slot);
        let opened = self.cipher().decrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: sealed,
                aad: bound.as_bytes(),
            },
        );
        opened.ok()?.try_into().ok().map(u64::from_le_bytes)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.key.bytes().into())
    }

    fn bound_to(&self, slot: usize) -> String {
        format!("tandem counter v1|{}|{slot}", self.0.vault)
    }
}

fn slot_of(number: u64) -> usize {
    usize::from(number % 2 == 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{fs, path::Path};

    use super::*;

    fn counter(dir: &Path, key: u8, vault: u128) -> Counter {
        let key = Key::from_slice(&[key; 32]).unwrap();
        Counter::new(dir.join("counter"), key, Uuid::from_u128(vault))
    }

    #[tokio::test]
    async fn the_last_number_is_kept_and_an_earlier_one_does_not_take_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let own = counter(dir.path(), 1, 1);
        assert_eq!(own.kept().unwrap(), Kept::Missing);
        own.set(7).unwrap();
        for number in [8, 9, 12, 10, 11, 300] {
            own.note(number);
        }
        assert_eq!(own.kept().unwrap(), Kept::Number(300));
        assert_eq!(fs::metadata(&own.0.path).unwrap().len(), BYTES as u64);
        own.close();
        own.note(301);
        assert_eq!(own.kept().unwrap(), Kept::Number(300));
        own.set(2).unwrap();
        assert_eq!(own.kept().unwrap(), Kept::Number(2));
    }

    #[test]
    fn a_torn_write_leaves_the_number_before() {
        let dir = tempfile::tempdir().unwrap();
        let own = counter(dir.path(), 1, 1);
        own.set(7).unwrap();
        let before = fs::read(&own.0.path).unwrap();
        own.note(8);
        let after = fs::read(&own.0.path).unwrap();
        for cut in 0..SEALED {
            let torn = [&after[..cut], &before[cut..]].concat();
            fs::write(&own.0.path, torn).unwrap();
            assert_eq!(own.kept().unwrap(), Kept::Number(7), "{cut}");
        }
    }

    #[test]
    fn another_vault_or_key_and_a_changed_or_swapped_slot_open_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let own = counter(dir.path(), 1, 1);
        own.set(7).unwrap();
        assert_eq!(counter(dir.path(), 2, 1).kept().unwrap(), Kept::Damaged);
        assert_eq!(counter(dir.path(), 1, 2).kept().unwrap(), Kept::Damaged);
        let whole = fs::read(&own.0.path).unwrap();
        for at in SLOT..SLOT + SEALED {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&own.0.path, changed).unwrap();
            assert_eq!(own.kept().unwrap(), Kept::Damaged, "{at}");
        }
        let swapped = [&whole[SLOT..], &whole[..SLOT]].concat();
        fs::write(&own.0.path, swapped).unwrap();
        assert_eq!(own.kept().unwrap(), Kept::Damaged);
        for length in [0, 1, SLOT, SLOT + SEALED - 1] {
            fs::write(&own.0.path, &whole[..length]).unwrap();
            assert_eq!(own.kept().unwrap(), Kept::Damaged, "{length}");
        }
    }
}
