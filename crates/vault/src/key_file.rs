//! `keys.json`: the wraps of the data key.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    VaultError, durable,
    place::Place,
    wrap::{KEYRING, Wrap, WrapError},
};

/// The version that this program writes, and the newest that it reads.
const VERSION: u64 = 1;
/// Bytes of the largest key file that is read.
const MAX_BYTES: u64 = 64 * 1024;

/// What `keys.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyFile {
    version: u64,
    /// The vault's own id. It names the entry in the keyring.
    pub(crate) vault: Uuid,
    /// Milliseconds since 1970 UTC; for show alone.
    created_ms: i64,
    wraps: Vec<Wrap>,
    /// Entries that no wrap needs any more and that the keyring hasn't removed yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) stale: Vec<Uuid>,
    /// Whether the database under the new key still has to take the old one's place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) swap: bool,
}

/// The one field that every version has.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

impl KeyFile {
    /// A key file of a new vault.
    pub(crate) fn new(vault: Uuid, wraps: Vec<Wrap>) -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let created_ms = i64::try_from(since.as_millis()).unwrap_or_default();
        Self {
            version: VERSION,
            vault,
            created_ms,
            wraps,
            stale: vec![],
            swap: false,
        }
    }

    /// The key file of `place`, or `None` when there is none.
    pub(crate) fn read(place: &Place) -> Result<Option<Self>, VaultError> {
        let path = place.key_file();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(VaultError::from_io(path, error)),
        };
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| VaultError::from_io(&path, error))?;
        Self::parse(&bytes, path).map(Some)
    }

    fn parse(bytes: &[u8], path: PathBuf) -> Result<Self, VaultError> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(VaultError::KeyFile {
                path,
                why: "it is too large".to_owned(),
            });
        }
        let malformed = |error: serde_json::Error| {
            // The error's own words may quote the file.
            let why = format!("line {}, column {}", error.line(), error.column());
            VaultError::KeyFile {
                path: path.clone(),
                why,
            }
        };
        let Versioned { version } = serde_json::from_slice(bytes).map_err(malformed)?;
        match version {
            VERSION => serde_json::from_slice(bytes).map_err(malformed),
            newer if newer > VERSION => Err(VaultError::KeyFileNewer { version }),
            _ => Err(VaultError::KeyFile {
                path,
                why: format!("version {version} was never written"),
            }),
        }
    }

    /// Puts the file in its place, whole or not at all. When this returns it is on the disk.
    pub(crate) fn write(&self, place: &Place) -> Result<(), VaultError> {
        let path = place.key_file();
        let text = serde_json::to_vec_pretty(self).map_err(|error| VaultError::KeyFile {
            path: path.clone(),
            why: error.to_string(),
        })?;
        durable::replace(&path, &text)
    }

    /// The wrap that `kind` opens.
    pub(crate) fn wrap(&self, kind: &str) -> Option<&Wrap> {
        self.wraps.iter().find(|wrap| wrap.kind == kind)
    }

    /// Puts the file in the place of `before`, unless another program wrote one meanwhile.
    pub(crate) fn replace(&self, place: &Place, before: &Self) -> Result<(), VaultError> {
        match Self::read(place)? {
            Some(there) if there != *before => Err(VaultError::KeysChanged {
                path: place.key_file(),
            }),
            // Deleted while the vault was open: the new one takes its place.
            Some(_) | None => self.write(place),
        }
    }

    /// Puts `wrap` in the place of the one of its kind.
    pub(crate) fn put(&mut self, wrap: Wrap) {
        self.drop_kind(&wrap.kind);
        self.wraps.push(wrap);
    }

    /// Leaves out the wrap that `kind` opens.
    pub(crate) fn drop_kind(&mut self, kind: &str) {
        self.wraps.retain(|wrap| wrap.kind != kind);
    }

    /// The entry of the keyring that it needs.
    pub(crate) fn entry(&self) -> Option<Uuid> {
        self.wrap(KEYRING)
            .map(|wrap| crate::entry::name_of(self.vault, wrap))
    }
}

/// The error for a key file that is there and can't be what it should be.
pub(crate) fn malformed(place: &Place, why: &str) -> VaultError {
    VaultError::KeyFile {
        path: place.key_file(),
        why: why.to_owned(),
    }
}

/// The error for a wrap that doesn't open; `wrong` where it is sound and the key another.
pub(crate) fn wrap_error(place: &Place, error: WrapError, wrong: VaultError) -> VaultError {
    match error {
        WrapError::Malformed(why) => malformed(place, why),
        WrapError::WrongKey => wrong,
    }
}
