//! What a file is sealed with.

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::SealError;

/// Bytes of a key.
pub(crate) const KEY: usize = 32;
/// Bytes of a passphrase's salt.
pub(crate) const SALT: usize = 16;

/// What a file is sealed with.
pub enum Secret<'a> {
    /// A random key that the caller keeps.
    Key(&'a [u8; KEY]),
    /// A passphrase, at this cost where a file is made. An existing file names its own.
    Passphrase(&'a str, Cost),
}

/// The work of turning a passphrase into a key, by Argon2id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    /// 64 MiB, three passes, one lane: RFC 9106's second choice on one thread.
    fn default() -> Self {
        Self {
            memory_kib: 64 * 1024,
            passes: 3,
            lanes: 1,
        }
    }
}

impl Cost {
    /// Whether a file may ask for it: the file is hostile, and must neither be quick to guess nor hang the device.
    pub(crate) fn is_bearable(self) -> bool {
        (64 * 1024..=1024 * 1024).contains(&self.memory_kib)
            && (1..=16).contains(&self.passes)
            && (1..=16).contains(&self.lanes)
    }

    pub(crate) fn derive(
        self,
        passphrase: &str,
        salt: &[u8; SALT],
    ) -> Result<Zeroizing<[u8; KEY]>, SealError> {
        if !self.is_bearable() {
            return Err(SealError::Header);
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY))
            .map_err(|_| SealError::Header)?;
        let mut key = Zeroizing::new([0; KEY]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
            .map_err(|_| SealError::Header)?;
        Ok(key)
    }
}
