//! The keys of a vault, opened from its key file and keyring as the vault does it.

use std::{fmt::Write, fs, path::Path};

use anyhow::{Context, Result, anyhow};
use base64ct::{Base64, Encoding};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use serde::Deserialize;
use sha2::Sha256;
use tandem_vault::KeyStore;
use uuid::Uuid;

use crate::keyring::FileKeys;

#[derive(Deserialize)]
struct KeyFile {
    vault: Uuid,
    wraps: Vec<Wrap>,
}

#[derive(Deserialize)]
struct Wrap {
    kind: String,
    /// The keyring's entry; the vault's own id where none is named.
    #[serde(default)]
    entry: Option<Uuid>,
    nonce: String,
    sealed: String,
}

/// Each key's name and the bytes to look for: as they are, and as SQLCipher is told them.
pub(super) fn of(dir: &Path, keys: &Path) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let file: KeyFile = serde_json::from_slice(&fs::read(dir.join("keys.json"))?)?;
    let wrap = file.wraps.iter().find(|wrap| wrap.kind == "keyring");
    let wrap = wrap.context("no wrap of the keyring")?;
    let secret = FileKeys::new(keys).read(wrap.entry.unwrap_or(file.vault))?;
    // An entry of a wrap of its own holds the vault's id before the key.
    let kek = secret
        .last_chunk::<32>()
        .context("an entry without a key")?;
    let decode = |text: &str| Base64::decode_vec(text).map_err(|error| anyhow!("{error}"));
    let nonce: [u8; 24] = decode(&wrap.nonce)?
        .try_into()
        .map_err(|_| anyhow!("a nonce of another length"))?;
    let bound = format!("tandem wrap v1|{}|keyring", file.vault);
    let dek = XChaCha20Poly1305::new_from_slice(kek)
        .map_err(|error| anyhow!("{error}"))?
        .decrypt(
            &XNonce::from(nonce),
            Payload {
                msg: &decode(&wrap.sealed)?,
                aad: bound.as_bytes(),
            },
        )
        .map_err(|_| anyhow!("the wrap doesn't open"))?;
    let mut database = vec![0; 32];
    Hkdf::<Sha256>::new(None, &dek)
        .expand(b"tandem database v1", &mut database)
        .map_err(|error| anyhow!("{error}"))?;
    let mut words = String::new();
    for byte in &database {
        write!(words, "{byte:02x}")?;
    }
    Ok(vec![
        ("the keyring's key", kek.to_vec()),
        ("the data key", dek),
        ("the database's key", database),
        ("the database's key in words", words.into_bytes()),
    ])
}
