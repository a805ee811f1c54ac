//! Whether a file is the one that the catalog names.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::Entry;

/// Why a file isn't what it should be.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// It can't be read.
    #[error("the file can't be read: {0}")]
    Io(#[from] io::Error),
    /// Its size or digest is another.
    #[error("the file is not the {0} of the catalog: it was changed or cut short")]
    Other(String),
}

/// Reads the whole file and compares it with its entry.
pub fn verify(path: &Path, entry: &Entry) -> Result<(), DigestError> {
    let other = || DigestError::Other(entry.name.clone());
    let mut file = File::open(path)?;
    if file.metadata()?.len() != entry.size {
        return Err(other());
    }
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            n => hasher.update(&chunk[..n]),
        }
    }
    if base16ct::lower::encode_string(&hasher.finalize()) == entry.sha256 {
        Ok(())
    } else {
        Err(other())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_told_from_the_right_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.gguf");
        let entry = Entry {
            id: "abc".into(),
            name: "Abc".into(),
            file: "m.gguf".into(),
            license: "MIT".into(),
            quantization: String::new(),
            context: 1,
            size: 3,
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
            embedded: false,
        };
        std::fs::write(&path, "abc").unwrap();
        verify(&path, &entry).unwrap();
        std::fs::write(&path, "abd").unwrap();
        assert!(matches!(verify(&path, &entry), Err(DigestError::Other(_))));
        std::fs::write(&path, "abcd").unwrap();
        assert!(matches!(verify(&path, &entry), Err(DigestError::Other(_))));
    }
}
