//! What can go wrong with a vault, each with its way out in plain words.

use std::{io, path::PathBuf};

use tandem_conversation::{ConversationId, MessageId};

use crate::{KeyringError, PhraseError};

/// Why the vault can't do what was asked. No variant carries content or a key.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Another process, or another [`crate::Vault`] of this one, has the vault open.
    #[error(
        "Tandem is already running with this data. Use the window that is open, or close it first."
    )]
    Owned,
    /// The folder holds no vault.
    #[error("There is no data of Tandem's in {}.", dir.display())]
    NoVault {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder holds a vault already, so none is made there.
    #[error("There is data of Tandem's in {} already. It was left as it is.", dir.display())]
    Exists {
        /// The folder.
        dir: PathBuf,
    },
    /// The database is there and `keys.json` isn't. A new key would make the data unreadable for good.
    #[error(
        "The data in {} is there, but the file keys.json beside it is missing. Nothing was changed. Put keys.json back \
         from a backup of that folder; to start afresh, move the folder away.", dir.display()
    )]
    KeyLost {
        /// The folder.
        dir: PathBuf,
    },
    /// `keys.json` can't be understood.
    #[error(
        "{} is damaged ({why}). Nothing was changed. Put the file back from a backup of that folder.", path.display()
    )]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// `keys.json` was written by a newer Tandem.
    #[error(
        "This data was written by a newer Tandem (key file version {version}). Install that version or a newer one."
    )]
    KeyFileNewer {
        /// The version that the file names.
        version: u64,
    },
    /// The vault isn't protected in the way that was tried: by passphrase instead of keyring, or the reverse.
    #[error(
        "This data isn't unlocked in that way: use its passphrase if it has one, else the system's keyring."
    )]
    NoSuchWrap,
    /// The passphrase, or the key in the keyring, doesn't unlock the data key.
    #[error("That passphrase or key doesn't fit. Nothing was changed: try again.")]
    WrongKey,
    /// The recovery phrase is one, and doesn't unlock the data key.
    #[error(
        "This recovery phrase doesn't fit this data: it belongs to other data, or a newer one took its place. Nothing \
         was changed."
    )]
    WrongPhrase,
    /// What was typed is no recovery phrase.
    #[error(transparent)]
    Phrase(#[from] PhraseError),
    /// The vault has no recovery phrase: it was made before there were any.
    #[error(
        "No recovery phrase was ever made for this data. Use its passphrase or the keyring that holds its key."
    )]
    NoPhrase,
    /// Another folder holds a copy of this vault that shares its key in the keyring.
    #[error(
        "{} holds a copy of the data in {}, and both need one key in the keyring. Nothing was changed. Give this copy a \
         key of its own first, or remove the other.", other.display(), here.display()
    )]
    Twin {
        /// The folder of this vault.
        here: PathBuf,
        /// The folder of the other.
        other: PathBuf,
    },
    /// `keys.json` is another one than when the vault was opened.
    #[error(
        "{} was changed by another program while Tandem was running. Nothing was changed. Close Tandem, put the file \
         back as it was, and start again.", path.display()
    )]
    KeysChanged {
        /// The file.
        path: PathBuf,
    },
    /// The keyring didn't give or take the key.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The data key is right for `keys.json`, yet the database doesn't open with it.
    #[error(
        "{} doesn't belong to the keys.json beside it, or its beginning is damaged. Nothing was changed. Put both files \
         back from the same backup.", path.display()
    )]
    Mismatch {
        /// The database.
        path: PathBuf,
    },
    /// The database is an unencrypted SQLite file.
    #[error("{} isn't encrypted, so Tandem didn't write it and won't use it. Move it away.", path.display())]
    NotEncrypted {
        /// The database.
        path: PathBuf,
    },
    /// The write-ahead log is there, with data in it, and the database isn't. Opening would delete the log.
    #[error(
        "{} is missing or empty, but its log is there. Nothing was changed. Put the file back from a backup of that \
         folder.", path.display()
    )]
    LogWithoutDatabase {
        /// The database.
        path: PathBuf,
    },
    /// The database is whole, but older than what was acknowledged: the end of its log is lost, or an older file was put
    /// back, or it is gone.
    #[error(
        "{} is older than what Tandem saved last: {missing} changes are missing. A disk, a copying program or a backup \
         put an older state in its place. Nothing was changed. Put the newest files back or restore a backup; or go on \
         with what is there.", path.display()
    )]
    RolledBack {
        /// The database.
        path: PathBuf,
        /// How many commits it lacks, at least.
        missing: u64,
    },
    /// The folder holds no backup.
    #[error("There is no backup in {}. Choose a folder with a vault.db and a keys.json in it.", path.display())]
    NoBackup {
        /// The folder.
        path: PathBuf,
    },
    /// A backup can't be verified, so it isn't used.
    #[error(
        "The backup {} is damaged ({why}), so it wasn't used. Nothing was changed. Try another backup.", path.display()
    )]
    Backup {
        /// Its file or folder.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// Nothing can be read of a damaged database.
    #[error(
        "Nothing can be read of {}: its beginning is damaged. Nothing was changed. Restore a backup.", path.display()
    )]
    BeyondRescue {
        /// The database.
        path: PathBuf,
    },
    /// The program is linked to no SQLCipher, or to one that is too old.
    #[error(
        "This build of Tandem is linked to {linked}, which can't keep data safely. Install a whole build."
    )]
    TooOld {
        /// What is linked.
        linked: String,
    },
    /// The database was written by a newer Tandem.
    #[error(
        "This data was written by a newer Tandem (step {migration}). Install that version or a newer one."
    )]
    FromNewer {
        /// The first migration that this program doesn't know, or knows differently.
        migration: i64,
    },
    /// The database holds bytes that were not written by Tandem: a fault of the disk or a foreign change.
    #[error(
        "{} is damaged ({why}). Copy the whole folder before anything else, then restore a backup.", path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The folder, or a file in it, may not be written.
    #[error("Tandem may not write in {}. Allow it for your user, and see that the disk isn't read-only.", path.display())]
    ReadOnly {
        /// The file or folder.
        path: PathBuf,
    },
    /// The disk, or the person's share of it, is full.
    #[error("The disk with {} is full. What was saved before is safe. Make room, then try again.", path.display())]
    Full {
        /// The file or folder.
        path: PathBuf,
    },
    /// The system couldn't read or write.
    #[error("Reading or writing {} failed: {source}. See that the disk is there and well, then try again.", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// No such conversation.
    #[error("This conversation isn't there any more.")]
    NoConversation(ConversationId),
    /// No such message, or none in this conversation.
    #[error("This message isn't there any more.")]
    NoMessage(MessageId),
    /// No such folder.
    #[error("This folder isn't there any more.")]
    NoFolder,
    /// The parent is unknown or belongs to another conversation.
    #[error("The message that this one follows isn't in the same conversation.")]
    ForeignParent {
        /// The message that was to be appended.
        message: MessageId,
        /// The parent that it named.
        parent: MessageId,
    },
    /// The attachment isn't there (any more).
    #[error("This attachment is gone.")]
    NoAttachment,
    /// The id is taken.
    #[error("This was saved already.")]
    AlreadyThere,
    /// The message isn't streaming, so its text is final.
    #[error("This answer has ended already.")]
    Settled(MessageId),
    /// An answer can't be finished as [`tandem_conversation::MessageState::Streaming`].
    #[error("An answer that is still arriving isn't finished.")]
    NotAnEnd,
    /// Instructions are never stored as a message.
    #[error("Instructions aren't stored as a message.")]
    NoSystemMessages,
    /// The vault was closed.
    #[error("Tandem's data is locked. Unlock it and try again.")]
    Closed,
    /// The system gives no random bytes, so no key can be made.
    #[error("The system gives no random numbers, so no key can be made. Restart the device.")]
    NoRandomness,
    /// Anything else that the database says.
    #[error("Tandem's data couldn't be read or written: {0}")]
    Database(String),
}

impl VaultError {
    /// A stable word for the host's `{ code, message }`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Owned => "owned",
            Self::NoVault { .. } => "no-vault",
            Self::Exists { .. } => "exists",
            Self::KeyLost { .. } => "key-lost",
            Self::KeyFile { .. } => "key-file",
            Self::KeyFileNewer { .. } => "key-file-newer",
            Self::NoSuchWrap => "no-such-wrap",
            Self::WrongKey => "wrong-key",
            Self::WrongPhrase => "wrong-phrase",
            Self::Phrase(PhraseError::Count(_)) => "phrase-count",
            Self::Phrase(PhraseError::Word(_)) => "phrase-word",
            Self::Phrase(PhraseError::Checksum) => "phrase-checksum",
            Self::NoPhrase => "no-phrase",
            Self::Twin { .. } => "twin",
            Self::KeysChanged { .. } => "keys-changed",
            Self::Keyring(error) => error.code(),
            Self::Mismatch { .. } => "mismatch",
            Self::NotEncrypted { .. } => "not-encrypted",
            Self::LogWithoutDatabase { .. } => "log-without-database",
            Self::RolledBack { .. } => "rolled-back",
            Self::NoBackup { .. } => "no-backup",
            Self::Backup { .. } => "backup-damaged",
            Self::BeyondRescue { .. } => "beyond-rescue",
            Self::TooOld { .. } => "too-old",
            Self::FromNewer { .. } => "from-newer",
            Self::Damaged { .. } => "damaged",
            Self::ReadOnly { .. } => "read-only",
            Self::Full { .. } => "full",
            Self::Io { .. } => "io",
            Self::NoConversation(_) => "no-conversation",
            Self::NoMessage(_) => "no-message",
            Self::NoFolder => "no-folder",
            Self::ForeignParent { .. } => "foreign-parent",
            Self::NoAttachment => "no-attachment",
            Self::AlreadyThere => "already-there",
            Self::Settled(_) => "settled",
            Self::NotAnEnd => "not-an-end",
            Self::NoSystemMessages => "no-system-messages",
            Self::Closed => "closed",
            Self::NoRandomness => "no-randomness",
            Self::Database(_) => "database",
        }
    }

    /// The error for a failed call on the file or folder `path`.
    pub(crate) fn from_io(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { path }
            }
            _ => Self::Io { path, source },
        }
    }
}
