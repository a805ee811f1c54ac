//! The ways into the vault, as hosts show and change them; and what was typed and not yet sent.

use serde::{Deserialize, Serialize};
use tandem_conversation::ConversationId;
use ts_rs::TS;

/// How the recovery phrase stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum PhraseState {
    /// There is none: the vault is older than phrases, or isn't made yet.
    #[default]
    None,
    /// It was made just now and waits to be shown.
    New,
    /// There is one, and nobody has shown that it was written down.
    Unchecked,
    /// It was written down: two of its words were typed.
    Checked,
}

/// The ways into the vault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct KeysView {
    /// Whether the system's keyring opens it.
    pub keyring: bool,
    /// Whether a passphrase does.
    pub passphrase: bool,
    /// Whether a recovery phrase does, and what is known of it.
    pub phrase: PhraseState,
    /// Minutes without the person after which it locks; `null` for never.
    pub lock_minutes: Option<u32>,
    /// Another folder with a copy of this vault, when this one was opened as the copy.
    pub twin: Option<String>,
    /// Whether the keyring has to get a new key, because the phrase opened the vault in its place.
    pub keyring_lost: bool,
}

/// A word of a phrase, as it was typed.
#[derive(Clone, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PhraseWord {
    /// Its place; the first is 1.
    pub number: u32,
    /// The word.
    pub word: String,
}

/// What a host asks of the keys.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(
    tag = "make",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export)]
pub enum KeysCall {
    /// Shows a recovery phrase → [`super::Reply::Phrase`]: the one that was made with the vault, if it waits, else a
    /// new one that counts once it is checked.
    Phrase {
        /// The passphrase, where there is one.
        current: Option<String>,
        /// Whether the vault gets new keys together with it.
        new_keys: bool,
    },
    /// Checks two words of the phrase that was shown and takes it into use → [`super::Reply::State`].
    Check {
        /// The words.
        words: Vec<PhraseWord>,
    },
    /// Puts the phrase that was shown off → [`super::Reply::State`].
    Later,
    /// Opens the vault with its recovery phrase → [`super::Reply::State`].
    Recover {
        /// As it was typed.
        phrase: String,
    },
    /// Gives the keyring a new key in place of the one that it lost → [`super::Reply::State`].
    Keyring,
    /// Locks with a passphrase, in place of the keyring or of another passphrase → [`super::Reply::State`].
    Passphrase {
        /// The one before, where there is one.
        current: Option<String>,
        /// At least eight characters.
        passphrase: String,
    },
    /// Leaves the key to the keyring again → [`super::Reply::State`].
    NoPassphrase {
        /// The passphrase.
        current: String,
    },
    /// Gives a copy of a vault a key of its own → [`super::Reply::State`].
    Separate,
    /// Sets when it locks by itself → [`super::Reply::State`].
    LockAfter {
        /// Minutes without the person; `null` for never.
        minutes: Option<u32>,
    },
    /// Locks now → [`super::Reply::State`], followed by [`super::Event::Locked`].
    Lock,
    /// The person is here → [`super::Reply::Done`].
    Active,
}

/// A text that was typed and not yet sent.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DraftView {
    /// In which conversation; `null` for one that isn't begun.
    #[ts(type = "string | null")]
    pub conversation: Option<ConversationId>,
    /// The text.
    pub text: String,
}

/// What a host asks of texts that were typed and not yet sent.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(
    tag = "draft",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export)]
pub enum DraftsCall {
    /// All of them → [`super::Reply::Drafts`].
    All,
    /// Keeps one in place of the one before; an empty text forgets it → [`super::Reply::Done`].
    Keep {
        /// In which conversation; `null` for one that isn't begun.
        #[ts(type = "string | null")]
        conversation: Option<ConversationId>,
        /// The text.
        text: String,
    },
}
