//! The encrypted store: conversations, their messages, the search index and the settings, in one SQLCipher database
//! that one process owns and one connection reads and writes.
//!
//! A vault is a folder. In it, `keys.json` holds the wrapped data key, `vault.db` (with its write-ahead log) everything
//! else, `counter` the number of its last commit, and `owner.lock` is held by the process that has the vault open. The
//! folder `states` holds sealed files that save time and are no loss, `attachments` those of messages, each sealed with a
//! key of its own that is in the database, `backups` what its name says, and `replaced-…` and `damaged-…` what a backup or
//! a rescue took the place of.
//!
//! Times and ids come in from the caller; only the key file's date is read from the clock here.

#![allow(
    clippy::doc_markdown,
    reason = "SQLite and SQLCipher are names, not items"
)]

mod attachments;
mod backup;
mod branches;
mod change;
mod conversations;
mod counter;
mod custody;
mod database;
mod dated;
mod doubt;
mod drafts;
mod durable;
mod entry;
mod erase;
#[cfg(test)]
mod erasure_tests;
mod error;
mod folders;
mod import;
mod index;
mod kdf;
mod key_file;
mod keyring;
mod keys;
mod list;
mod machine;
mod messages;
mod overflow;
mod owner;
mod phrase;
mod place;
mod query;
mod rank;
mod rescue;
mod rotation;
mod rows;
mod search;
mod settings;
mod settle;
mod snippet;
mod states;
mod swap;
mod tree;
mod twin;
mod unlock;
mod vault;
mod words;
mod wrap;

pub use attachments::AttachmentRow;
pub use backup::Backup;
pub use conversations::ConversationRow;
pub use custody::Left;
pub use database::{Versions, versions};
pub use doubt::Doubt;
pub use drafts::Draft;
pub use erase::Erased;
pub use error::VaultError;
pub use folders::{Folder, Tag};
pub use import::{Imported, Incoming, IncomingAttachment, IncomingMessage};
pub use keyring::{KeyStore, KeyringError, OsKeyring};
pub use list::{Page, Place, Shelf};
pub use phrase::{PHRASE_WORDS, Phrase, PhraseError};
pub use query::index_expression;
pub use rescue::Rescued;
pub use search::{Found, Hit, Search};
pub use states::States;
pub use unlock::{Protection, Status, Unlock, Ways};
pub use vault::Vault;
pub use words::index_words;
