//! SHA-256 and size of what is fetched: only the expected bytes ever get their final name.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};

/// What a file must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    /// SHA-256, lower-case hexadecimal.
    pub(crate) sha256: String,
    /// Size in bytes, where it is known.
    pub(crate) size: Option<u64>,
}

impl Expected {
    /// A digest alone.
    pub(crate) fn sha256(digest: &str) -> Self {
        Self {
            sha256: digest.to_owned(),
            size: None,
        }
    }

    /// Refuses anything else; the error names both values.
    fn check(&self, what: &str, sha256: &str, size: u64) -> Result<()> {
        if let Some(expected) = self.size
            && expected != size
        {
            bail!("{what}: {size} bytes instead of {expected}");
        }
        if self.sha256 != sha256 {
            bail!("{what}: SHA-256 {sha256} instead of {}", self.sha256);
        }
        Ok(())
    }

    /// Reads the file and compares.
    pub(crate) fn verify(&self, file: &Path) -> Result<()> {
        let mut sum = Sum::default();
        sum.read(
            &mut File::open(file).with_context(|| format!("{} cannot be read", file.display()))?,
            None,
        )?;
        self.check(
            &file.display().to_string(),
            &hex(&sum.state.finalize()),
            sum.size,
        )
    }
}

/// A running digest.
#[derive(Default)]
struct Sum {
    state: Sha256,
    size: u64,
}

impl Sum {
    fn read(&mut self, from: &mut dyn Read, mut to: Option<&mut File>) -> Result<()> {
        let mut buffer = vec![0; 1 << 20];
        loop {
            let count = from.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            self.state.update(&buffer[..count]);
            self.size += count as u64;
            if let Some(file) = to.as_mut() {
                file.write_all(&buffer[..count])?;
            }
        }
    }
}

/// SHA-256 of bytes in memory, as hexadecimal.
pub(crate) fn of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Writes what `source` yields beside `to`, digesting on the way, and gives it its name only if it is
/// what was expected; else nothing is left behind.
pub(crate) fn keep(
    to: &Path,
    expected: &Expected,
    source: impl FnOnce(&mut Pen<'_>) -> Result<()>,
) -> Result<()> {
    let folder = to.parent().context("a file has a folder")?;
    fs::create_dir_all(folder)?;
    let mut name = to.file_name().context("a file has a name")?.to_os_string();
    name.push(".new");
    let fresh = folder.join(name);
    let written = (|| {
        let mut pen = Pen {
            file: &mut File::create(&fresh)?,
            sum: Sum::default(),
        };
        source(&mut pen)?;
        let sum = pen.sum;
        expected.check(
            &to.display().to_string(),
            &hex(&sum.state.finalize()),
            sum.size,
        )?;
        File::open(&fresh)?.sync_all()?;
        fs::rename(&fresh, to)?;
        Ok(())
    })();
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

/// Where a source writes to.
pub(crate) struct Pen<'file> {
    file: &'file mut File,
    sum: Sum,
}

impl Pen<'_> {
    /// Copies a stream to its end.
    pub(crate) fn copy(&mut self, from: &mut dyn Read) -> Result<()> {
        self.sum.read(from, Some(self.file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn folder(name: &str) -> std::path::PathBuf {
        let folder =
            std::env::temp_dir().join(format!("tandem-xtask-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn the_expected_bytes_get_their_name() -> Result<()> {
        let folder = folder("kept");
        let expected = Expected {
            sha256: ABC.into(),
            size: Some(3),
        };
        keep(&folder.join("abc"), &expected, |pen| {
            pen.copy(&mut &b"a"[..])?;
            pen.copy(&mut &b"bc"[..])
        })?;
        expected.verify(&folder.join("abc"))?;
        Ok(fs::remove_dir_all(folder)?)
    }

    #[test]
    fn a_wrong_digest_is_refused_and_leaves_nothing() -> Result<()> {
        let folder = folder("refused");
        let refused = keep(&folder.join("abc"), &Expected::sha256(ABC), |pen| {
            pen.copy(&mut &b"abd"[..])
        });
        assert!(refused.is_err_and(|error| error.to_string().contains("instead of")));
        assert_eq!(folder.read_dir()?.count(), 0);
        Ok(fs::remove_dir_all(folder)?)
    }

    #[test]
    fn a_wrong_size_is_refused() {
        let expected = Expected {
            sha256: of(b"abc"),
            size: Some(4),
        };
        assert!(expected.check("x", ABC, 3).is_err());
    }
}
