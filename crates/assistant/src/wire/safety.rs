//! Backups, and the ways out when the vault is in trouble.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Failure;

/// What is asked about the vault's safety. All but `backUp` and `forgetBackups` also work while the vault can't be
/// opened. Where `passphrase` is `null`, the system's keyring is asked.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum SafetyCall {
    /// What there is.
    Look,
    /// Makes a backup now.
    BackUp,
    /// Makes a backup now and removes all older ones, so that what was deleted is in none any more.
    ForgetBackups,
    /// Puts a backup in the place of the vault, whose files are kept aside.
    Restore {
        /// [`BackupRow::made_ms`].
        #[ts(type = "number")]
        made_ms: i64,
        /// The passphrase.
        passphrase: Option<String>,
    },
    /// The same with a backup that lies elsewhere.
    RestoreFolder {
        /// Its folder.
        path: String,
        /// The passphrase.
        passphrase: Option<String>,
    },
    /// Saves what can be read of a damaged vault into a new one; the damaged files are kept aside.
    Rescue {
        /// The passphrase.
        passphrase: Option<String>,
    },
    /// Opens a vault that is older than what was saved last, giving up what is missing.
    GoOn {
        /// The passphrase.
        passphrase: Option<String>,
    },
    /// Deletes everything that is kept in the vault, backups included.
    Erase {
        /// `erase`, so that nothing is deleted by a slip.
        word: String,
    },
}

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct BackupRow {
    /// When it was made, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub made_ms: i64,
    /// Its size in bytes.
    #[ts(type = "number")]
    pub bytes: u64,
}

/// How safe the vault is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SafetyView {
    /// The backups, newest first.
    pub backups: Vec<BackupRow>,
    /// What can't be told of the open vault.
    pub doubt: Option<Failure>,
    /// What was done, in words, where a person should know more than that.
    pub told: Option<String>,
}
