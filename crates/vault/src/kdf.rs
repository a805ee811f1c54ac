//! A key from something that a person knows.

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    VaultError,
    keys::{KEY_BYTES, Key},
    wrap::WrapError,
};

/// How a passphrase or a recovery phrase becomes a key, as it stands in `keys.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kdf {
    algorithm: String,
    /// Memory, in KiB.
    m_kib: u32,
    /// Passes over the memory.
    t: u32,
    /// Lanes.
    p: u32,
    salt: String,
}

/// Memory that a key file may ask for, in KiB: not too little to be slow for a guesser, not more than a phone has.
const MEMORY_KIB: std::ops::RangeInclusive<u32> = 64 * 1024..=1024 * 1024;
/// Passes that a key file may ask for.
const PASSES: std::ops::RangeInclusive<u32> = 1..=16;
/// Lanes that a key file may ask for.
const LANES: std::ops::RangeInclusive<u32> = 1..=16;
/// Memory times passes that a key file may ask for, in KiB: some seconds of a slow machine.
const WORK_KIB: u64 = 4 << 20;

/// Memory of the least cost, in KiB.
const LEAST_KIB: u32 = 64 * 1024;
/// Passes of the least cost of a passphrase.
const LEAST_PASSES: u32 = 3;
/// Memory of the highest cost that is chosen here, in KiB: any machine that runs a language model has it to spare.
const MOST_KIB: u32 = 256 * 1024;
/// What a passphrase shall cost the machine on which it is set.
const TARGET: Duration = Duration::from_millis(750);

impl Kdf {
    /// Argon2id on one lane (it runs on one thread) with a new salt.
    fn new(m_kib: u32, t: u32) -> Result<Self, VaultError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|_| VaultError::NoRandomness)?;
        Ok(Self {
            algorithm: "argon2id".to_owned(),
            m_kib,
            t,
            p: 1,
            salt: Base64::encode_string(&salt),
        })
    }

    /// For a recovery phrase: 128 random bits need no stretching, so the least memory and one pass do.
    pub(crate) fn for_phrase() -> Result<Self, VaultError> {
        Self::new(LEAST_KIB, 1)
    }

    /// For a passphrase: as much as this machine does in about three quarters of a second, measured now; never less
    /// than 64 MiB and three passes, which is near RFC 9106's second choice.
    pub(crate) fn tuned() -> Result<Self, VaultError> {
        let probe = Self::new(LEAST_KIB, 1)?;
        let begun = Instant::now();
        // The result is of no use but its time; bounds are ours, so it can't fail.
        let _ = probe.derive(b"how fast is this machine");
        let (m_kib, t) = cost(begun.elapsed());
        Self::new(m_kib, t)
    }

    /// The key of `secret`. Takes the memory that the file names, and at most some seconds.
    pub(crate) fn derive(&self, secret: &[u8]) -> Result<Key, WrapError> {
        // The file is the only thing that an attacker may write: it must not be able to hang the device.
        if self.algorithm != "argon2id" {
            return Err(WrapError::Malformed(
                "the passphrase's algorithm is unknown",
            ));
        }
        if !MEMORY_KIB.contains(&self.m_kib)
            || !PASSES.contains(&self.t)
            || !LANES.contains(&self.p)
            || u64::from(self.m_kib) * u64::from(self.t) > WORK_KIB
        {
            return Err(WrapError::Malformed(
                "the passphrase's cost is out of bounds",
            ));
        }
        let salt = Base64::decode_vec(&self.salt)
            .map_err(|_| WrapError::Malformed("the salt isn't Base64"))?;
        if !(16..=64).contains(&salt.len()) {
            return Err(WrapError::Malformed("the salt's length is out of bounds"));
        }
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        Params::new(self.m_kib, self.t, self.p, Some(KEY_BYTES))
            .and_then(|params| {
                Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                    secret,
                    &salt,
                    bytes.as_mut_slice(),
                )
            })
            .map_err(|_| WrapError::Malformed("the passphrase's cost is out of bounds"))?;
        Key::from_slice(bytes.as_slice()).ok_or(WrapError::Malformed("the key isn't 32 bytes long"))
    }
}

/// Memory in KiB and passes that take about [`TARGET`] where one pass over the least memory takes `pass`. Memory comes
/// first: it is what a guesser's own hardware has least of.
fn cost(pass: Duration) -> (u32, u32) {
    let affordable = TARGET.as_nanos() / pass.as_nanos().max(1);
    let affordable = u32::try_from(affordable).unwrap_or(u32::MAX);
    let mut m_kib = LEAST_KIB;
    while m_kib < MOST_KIB && affordable / (2 * m_kib / LEAST_KIB) >= LEAST_PASSES {
        m_kib *= 2;
    }
    let passes = affordable / (m_kib / LEAST_KIB);
    (m_kib, passes.clamp(LEAST_PASSES, *PASSES.end()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::slow_machine(2_000, 64, 3)]
    #[case::twice_as_fast_as_the_least(125, 128, 3)]
    #[case::usual(60, 256, 3)]
    #[case::fast(25, 256, 7)]
    #[case::faster_than_any(1, 256, 16)]
    #[case::a_clock_that_stands_still(0, 256, 16)]
    fn the_cost_follows_the_machine_within_bounds(
        #[case] pass_ms: u64,
        #[case] mib: u32,
        #[case] passes: u32,
    ) {
        let (m_kib, t) = cost(Duration::from_millis(pass_ms));
        assert_eq!((m_kib / 1024, t), (mib, passes));
        assert!(u64::from(m_kib) * u64::from(t) <= WORK_KIB);
    }

    #[test]
    fn what_is_chosen_here_is_accepted_when_it_is_read() {
        let kdf = Kdf::tuned().unwrap();
        assert!(kdf.m_kib >= 64 * 1024 && kdf.t >= 3);
        kdf.derive(b"passphrase").unwrap();
        Kdf::for_phrase().unwrap().derive(b"phrase").unwrap();
    }

    #[test]
    fn a_hostile_cost_is_refused_before_any_work() {
        let kdf = Kdf::for_phrase().unwrap();
        let hostile = [
            Kdf {
                m_kib: 1024 * 1024 + 1,
                ..kdf.clone()
            },
            Kdf {
                m_kib: u32::MAX,
                ..kdf.clone()
            },
            Kdf {
                m_kib: 1024 * 1024,
                t: 5,
                ..kdf.clone()
            },
            Kdf {
                m_kib: 8,
                ..kdf.clone()
            },
            Kdf {
                t: 17,
                ..kdf.clone()
            },
            Kdf {
                t: 0,
                ..kdf.clone()
            },
            Kdf {
                p: 17,
                ..kdf.clone()
            },
            Kdf {
                p: 0,
                ..kdf.clone()
            },
            Kdf {
                algorithm: "argon2d".to_owned(),
                ..kdf.clone()
            },
            Kdf {
                salt: "AAAA".to_owned(),
                ..kdf.clone()
            },
            Kdf {
                salt: "!".to_owned(),
                ..kdf
            },
        ];
        for kdf in hostile {
            let begun = Instant::now();
            assert!(
                matches!(kdf.derive(b"passphrase"), Err(WrapError::Malformed(_))),
                "{kdf:?}"
            );
            assert!(begun.elapsed() < Duration::from_millis(50), "{kdf:?}");
        }
    }

    #[test]
    fn the_salt_and_the_passphrase_both_decide_the_key() {
        let (one, other) = (Kdf::for_phrase().unwrap(), Kdf::for_phrase().unwrap());
        let key = one.derive(b"passphrase").unwrap();
        assert_eq!(key.bytes(), one.derive(b"passphrase").unwrap().bytes());
        assert_ne!(key.bytes(), one.derive(b"Passphrase").unwrap().bytes());
        assert_ne!(key.bytes(), other.derive(b"passphrase").unwrap().bytes());
    }
}
