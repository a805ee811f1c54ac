//! Fault campaigns against the real vault: killed processes, power cuts, failing disks, damaged files, rival starts,
//! jumping clocks, and canaries. docs/durability.md says what each does and how to run it.
//!
//! Nothing here stands in for the vault: each campaign opens it as the assistant does. What stands in is the disk
//! ([`disk`], a file system in user space that can lose power) and the keyring ([`keyring::FileKeys`], a folder).

#![allow(
    clippy::doc_markdown,
    reason = "SQLite and SQLCipher are names, not items"
)]

pub mod act;
pub mod campaign;
#[cfg(target_os = "linux")]
pub mod canary;
pub mod clock;
pub mod damage;
#[cfg(target_os = "linux")]
pub mod disk;
pub mod fresh;
pub mod ground;
#[cfg(target_os = "linux")]
pub mod inject;
pub mod keyring;
pub mod kill;
pub mod ledger;
pub mod lines;
pub mod older;
#[cfg(target_os = "linux")]
pub mod power;
pub mod progress;
pub mod report;
pub mod starts;
pub mod tally;
