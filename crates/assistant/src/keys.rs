//! The ways into the vault: the recovery phrase shown and checked, the passphrase, new keys; what locks it is in
//! [`crate::lock`].

use std::sync::{Arc, Mutex, PoisonError};

use tandem_vault::{KeyringError, PHRASE_WORDS, Phrase, Unlock, Vault, VaultError};
use zeroize::Zeroizing;

use crate::{
    assistant::Assistant,
    gate, lock,
    wire::{Event, Failure, KeysCall, KeysView, PhraseState, PhraseWord, Reply},
};

/// Letters of the shortest passphrase.
const SHORTEST: usize = 8;
/// The setting that says that the present phrase was written down.
const CHECKED: &str = "keys.phrase-checked";
/// So many words of a phrase are typed again.
const CHECKED_WORDS: usize = 2;

/// What waits for the person's word. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Keys(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    phrase: Option<Shown>,
    /// The phrase opened the vault, because the keyring couldn't.
    keyring_lost: bool,
}

/// A phrase that was shown, or is to be, and isn't checked yet.
struct Shown {
    phrase: Phrase,
    then: Then,
}

/// What a phrase that was checked is for.
enum Then {
    /// It was made with the vault, and counts already.
    Nothing,
    /// It takes the place of the one before.
    Replace,
    /// The vault gets new keys; with the passphrase that locks it, if one does.
    NewKeys(Option<Zeroizing<String>>),
}

impl Keys {
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the phrase of a vault that was just made.
    pub(crate) fn made(&self, vault: &Vault) {
        self.lock().phrase = vault.first_phrase().map(|phrase| Shown {
            phrase,
            then: Then::Nothing,
        });
    }

    /// Forgets all.
    pub(crate) fn forget(&self) {
        *self.lock() = Waiting::default();
    }
}

/// Does what a host asks of the keys.
pub(crate) async fn call(assistant: &Assistant, call: KeysCall) -> Result<Reply, Failure> {
    match call {
        KeysCall::Active => Ok(Reply::Done),
        KeysCall::Phrase { current, new_keys } => show(assistant, current, new_keys).await,
        call => {
            let done = change(assistant, call).await;
            refresh(assistant).await;
            done.map(|()| Reply::State(assistant.state()))
        }
    }
}

async fn change(assistant: &Assistant, call: KeysCall) -> Result<(), Failure> {
    match call {
        KeysCall::Check { words } => check(assistant, &words).await,
        KeysCall::Later => {
            assistant.keys.lock().phrase = None;
            Ok(())
        }
        KeysCall::Recover { phrase } => recover(assistant, &Zeroizing::new(phrase)).await,
        KeysCall::Keyring => {
            let left = assistant.vault()?.rewrap_keyring().await?;
            assistant.keys.lock().keyring_lost = false;
            told(left)
        }
        KeysCall::Passphrase {
            current,
            passphrase,
        } => {
            let passphrase = long_enough(passphrase)?;
            let vault = assistant.vault()?;
            allowed(&vault, current).await?;
            let left = vault.set_passphrase(passphrase).await?;
            assistant.keys.lock().keyring_lost = false;
            told(left)
        }
        KeysCall::NoPassphrase { current } => {
            let vault = assistant.vault()?;
            allowed(&vault, Some(current)).await?;
            told(vault.remove_passphrase().await?)
        }
        KeysCall::Separate => Ok(assistant.vault()?.separate().await?),
        KeysCall::LockAfter { minutes } => lock::after(assistant, minutes).await,
        KeysCall::Lock => {
            lock::now(assistant).await;
            Ok(())
        }
        KeysCall::Phrase { .. } | KeysCall::Active => Ok(()),
    }
}

/// Shows hosts how the keys stand now.
pub(crate) async fn refresh(assistant: &Assistant) {
    let view = view(assistant).await;
    assistant.show_keys(view);
}

async fn view(assistant: &Assistant) -> KeysView {
    let Ok(vault) = assistant.vault() else {
        // What can't be looked at offers no way; the vault's own state says why.
        let ways = Vault::ways_of(&assistant.paths.vault());
        let ways = ways.ok().flatten().unwrap_or_default();
        return KeysView {
            keyring: ways.keyring,
            passphrase: ways.passphrase,
            phrase: if ways.phrase {
                PhraseState::Unchecked
            } else {
                PhraseState::None
            },
            ..KeysView::default()
        };
    };
    let ways = vault.ways().unwrap_or_default();
    let checked = matches!(vault.setting(CHECKED).await, Ok(Some(value)) if value == "true");
    let lock_minutes = lock::minutes(&vault).await;
    let waiting = assistant.keys.lock();
    let is_new = matches!(&waiting.phrase, Some(shown) if matches!(shown.then, Then::Nothing));
    KeysView {
        keyring: ways.keyring,
        passphrase: ways.passphrase,
        phrase: match (ways.phrase, is_new, checked) {
            (false, ..) => PhraseState::None,
            (true, true, _) => PhraseState::New,
            (true, false, true) => PhraseState::Checked,
            (true, false, false) => PhraseState::Unchecked,
        },
        lock_minutes,
        twin: vault.twin().map(|other| other.display().to_string()),
        keyring_lost: waiting.keyring_lost && ways.keyring,
    }
}

/// The first phrase if it waits, else a new one.
async fn show(
    assistant: &Assistant,
    current: Option<String>,
    new_keys: bool,
) -> Result<Reply, Failure> {
    let vault = assistant.vault()?;
    let words =
        |shown: &Shown| Reply::Phrase(shown.phrase.words().into_iter().map(Into::into).collect());
    if !new_keys
        && let Some(shown) = &assistant.keys.lock().phrase
        && matches!(shown.then, Then::Nothing)
    {
        return Ok(words(shown));
    }
    let passphrase = allowed(&vault, current).await?;
    let shown = Shown {
        phrase: Phrase::random()?,
        then: if new_keys {
            Then::NewKeys(passphrase)
        } else {
            Then::Replace
        },
    };
    let reply = words(&shown);
    assistant.keys.lock().phrase = Some(shown);
    Ok(reply)
}

/// Takes the phrase that was shown into use, once enough of its words were typed.
async fn check(assistant: &Assistant, typed: &[PhraseWord]) -> Result<(), Failure> {
    let shown = {
        let mut waiting = assistant.keys.lock();
        let shown = waiting.phrase.as_ref().ok_or_else(|| {
            Failure::new(
                "phrase.gone",
                "The phrase is no longer shown. Have a new one shown.",
            )
        })?;
        let words = shown.phrase.words();
        let wrong = typed.iter().find(|typed| {
            let at = usize::try_from(typed.number)
                .unwrap_or(usize::MAX)
                .wrapping_sub(1);
            words.get(at).copied() != Some(typed.word.trim().to_lowercase().as_str())
        });
        if let Some(wrong) = wrong {
            let message = format!(
                "Word {} is another one. Look at what you wrote down.",
                wrong.number
            );
            return Err(Failure::new("phrase.other-word", message));
        }
        let mut numbers: Vec<u32> = typed.iter().map(|typed| typed.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if !(CHECKED_WORDS..=PHRASE_WORDS).contains(&numbers.len()) {
            return Err(Failure::new(
                "phrase.few-words",
                "Type two words of the phrase.",
            ));
        }
        waiting.phrase.take()
    };
    let Some(Shown { phrase, then }) = shown else {
        return Ok(());
    };
    let vault = assistant.vault()?;
    match then {
        Then::Nothing => {}
        Then::Replace => vault.set_phrase(&phrase).await?,
        Then::NewKeys(passphrase) => {
            drop(vault);
            return new_keys(assistant, &phrase, passphrase).await;
        }
    }
    vault.set_setting(CHECKED, "true").await?;
    Ok(())
}

/// Opens the vault with its recovery phrase.
async fn recover(assistant: &Assistant, typed: &str) -> Result<(), Failure> {
    if assistant.is_open() {
        return Ok(());
    }
    let phrase = Phrase::parse(typed).map_err(VaultError::from)?;
    gate::adopt(
        assistant,
        Vault::open(&assistant.paths.vault(), Unlock::Phrase(phrase)).await,
    )
    .await?;
    let vault = assistant.vault()?;
    // Who typed it has it.
    vault.set_setting(CHECKED, "true").await?;
    if vault.ways()?.keyring {
        let answers = vault.is_opened_by(Unlock::Keyring).await;
        assistant.keys.lock().keyring_lost = !matches!(answers, Ok(true));
    }
    Ok(())
}

/// Whoever changes a vault that a passphrase locks knows it: an open window may have been left alone.
async fn allowed(
    vault: &Vault,
    current: Option<String>,
) -> Result<Option<Zeroizing<String>>, Failure> {
    let current = current.map(Zeroizing::new);
    if !vault.ways()?.passphrase {
        return Ok(None);
    }
    let current = current.ok_or_else(|| {
        Failure::new(
            "passphrase.needed",
            "The present passphrase is needed for this.",
        )
    })?;
    if vault
        .is_opened_by(Unlock::Passphrase(current.clone()))
        .await?
    {
        Ok(Some(current))
    } else {
        Err(VaultError::WrongKey.into())
    }
}

/// A passphrase that is worth its name.
pub(crate) fn long_enough(passphrase: String) -> Result<Zeroizing<String>, Failure> {
    let passphrase = Zeroizing::new(passphrase);
    if passphrase.chars().count() < SHORTEST {
        let message = "A passphrase needs at least eight characters. Several words are best.";
        return Err(Failure::new("passphrase.short", message));
    }
    Ok(passphrase)
}

/// The change was made; what the keyring still holds is worth a word.
fn told(left: Option<KeyringError>) -> Result<(), Failure> {
    match left {
        None => Ok(()),
        Some(error) => {
            tracing::warn!(%error, "the keyring still holds an old key");
            Err(Failure::new(
                "keys.left",
                format!(
                    "This is done. The keyring still holds the old key, which opens nothing any more; Tandem tries to \
                     remove it at the next start. ({error})"
                ),
            ))
        }
    }
}

/// Gives the vault new keys, with nothing else at work in it.
async fn new_keys(
    assistant: &Assistant,
    phrase: &Phrase,
    passphrase: Option<Zeroizing<String>>,
) -> Result<(), Failure> {
    assistant.turns.lock().await;
    // What it computed is sealed under the old key.
    assistant.engine.keep_on(None);
    let vault = assistant.vault()?;
    match vault.rotate(phrase, passphrase).await {
        Ok(vault) => {
            vault.set_setting(CHECKED, "true").await?;
            gate::adopt(assistant, Ok(vault)).await?;
            // Whoever shows something asks for it again.
            assistant.tell(Event::Missed);
            Ok(())
        }
        Err(error) => {
            if vault.ways().is_ok() {
                // Nothing was decided: it goes on as before.
                assistant.keep_states(&vault);
            } else {
                assistant.close().await;
                gate::open(assistant).await;
            }
            Err(error.into())
        }
    }
}
