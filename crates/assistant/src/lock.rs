//! Locking: by hand, or when nobody was there for a while or the machine slept. Keys, database and engine go; hosts then
//! end their own pages and processes, since a heap that held conversations isn't emptied by forgetting them.

use std::{
    fs, io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tandem_vault::Vault;

use crate::{
    assistant::Assistant,
    keys,
    wire::{Call, Event, Failure, VaultState},
};

/// The setting that says after how many minutes it locks; `null` for never.
const AFTER: &str = "keys.lock-minutes";
/// Minutes for a vault with a passphrase whose person chose nothing.
const USUAL: u32 = 15;
/// The longest time that can be chosen: a day.
const LONGEST: u32 = 24 * 60;
/// How often is looked.
const LOOK: Duration = Duration::from_secs(5);
/// So much more on the clock of the wall than on the machine's own: it slept.
const SLEPT: Duration = Duration::from_secs(30);

/// When the person was last there. Clones share it.
#[derive(Clone)]
pub(crate) struct Presence(Arc<Mutex<Instant>>);

impl Default for Presence {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }
}

impl Presence {
    /// The person is there, if a person makes such a call.
    pub(crate) fn seen(&self, call: &Call) {
        let by_itself = matches!(
            call,
            Call::State | Call::Conversations | Call::Conversation { .. } | Call::Drafts { .. }
        );
        if !by_itself {
            self.now();
        }
    }

    /// The person is there.
    pub(crate) fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn away(&self) -> Duration {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }
}

/// Minutes without the person after which this vault locks; a vault without a passphrase never does unless it was chosen.
pub(crate) async fn minutes(vault: &Vault) -> Option<u32> {
    let usual = vault.ways().is_ok_and(|ways| ways.passphrase);
    match vault.setting(AFTER).await {
        Ok(Some(json)) => serde_json::from_str(&json).unwrap_or(Some(USUAL)),
        _ => usual.then_some(USUAL),
    }
}

/// Chooses it.
pub(crate) async fn after(assistant: &Assistant, minutes: Option<u32>) -> Result<(), Failure> {
    let minutes = minutes.map(|minutes| minutes.clamp(1, LONGEST));
    let json =
        serde_json::to_string(&minutes).map_err(|e| Failure::new("keys.lock", e.to_string()))?;
    Ok(assistant.vault()?.set_setting(AFTER, &json).await?)
}

/// Locks now.
pub(crate) async fn now(assistant: &Assistant) {
    if !assistant.is_open() {
        return;
    }
    // First: a start that follows must not open by itself what the person locked.
    if let Err(error) = fs::write(assistant.paths.locked(), b"") {
        tracing::warn!(%error, "the next start may open by itself");
    }
    assistant.close().await;
    assistant.show_vault(VaultState::Locked);
    keys::refresh(assistant).await;
    tracing::info!("locked");
    assistant.tell(Event::Locked);
}

/// Whether the person locked it, also in an earlier process.
pub(crate) fn is_locked(assistant: &Assistant) -> bool {
    // One that can't be looked for locks nothing: the key is the keyring's to give or not.
    matches!(assistant.paths.locked().try_exists(), Ok(true))
}

/// The person unlocks it.
pub(crate) fn lift(assistant: &Assistant) {
    match fs::remove_file(assistant.paths.locked()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "the next start will ask once more");
        }
        _ => {}
    }
}

/// Locks by itself from here on.
pub(crate) fn watch(assistant: &Assistant) {
    let assistant = assistant.clone();
    tokio::spawn(async move {
        loop {
            let (wall, own) = (SystemTime::now(), Instant::now());
            tokio::time::sleep(LOOK).await;
            let Ok(vault) = assistant.vault() else {
                continue;
            };
            let Some(minutes) = minutes(&vault).await else {
                continue;
            };
            drop(vault);
            let slept = wall.elapsed().unwrap_or_default() > own.elapsed() + SLEPT;
            let away = assistant.presence.away() >= Duration::from_mins(u64::from(minutes));
            // Who waits for an answer is there.
            if assistant.turns.any() && !slept {
                assistant.presence.now();
            } else if slept || away {
                now(&assistant).await;
            }
        }
    });
}
