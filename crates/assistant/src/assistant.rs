//! The assistant: one for each person's data, whatever hosts look at it.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tandem_engine_client::{Engine, Status, find_engine};
use tandem_vault::Vault;
use tokio::sync::broadcast;

use crate::{
    Paths, bench, conversations, doctor, drafts, exchange, gate, history,
    keys::{self, Keys},
    library,
    lock::{self, Presence},
    safety,
    shelf::Sealed,
    turns::Turns,
    wire::{
        AppState, Call, EngineState, Event, Failure, KeysView, ModelCard, Reply, Theme, Tuning,
        VaultState,
    },
};

/// Events that a slow listener may fall behind before it loses some.
const EVENTS: usize = 4096;
const THEME: &str = "window.theme";
const TUNING: &str = "engine.tuning";

/// The use cases. Clones share one.
#[derive(Clone)]
pub(crate) struct Assistant {
    pub(crate) paths: Paths,
    pub(crate) engine: Engine,
    pub(crate) turns: Turns,
    pub(crate) exchange: exchange::Running,
    pub(crate) keys: Keys,
    pub(crate) presence: Presence,
    events: broadcast::Sender<Event>,
    shown: Arc<RwLock<Shown>>,
    vault: Arc<RwLock<Option<Arc<Vault>>>>,
}

/// What an engine is given to end when Tandem does.
const ENGINE_END: Duration = Duration::from_secs(3);

/// What hosts are shown of the state.
struct Shown {
    vault: VaultState,
    keys: KeysView,
    model: Option<ModelCard>,
    theme: Theme,
    tuning: Tuning,
}

impl Assistant {
    /// Starts: opens the vault if the keyring can, and warms the engine with the embedded model.
    pub(crate) async fn start(paths: Paths) -> Result<Self, Failure> {
        let program = find_engine().map_err(|error| {
            Failure::new(
                "engine.missing",
                format!("A part of Tandem is missing: {error}. Install it again."),
            )
        })?;
        let engine = Engine::new(program);
        let events = broadcast::channel(EVENTS).0;
        let shown = Shown {
            vault: VaultState::Locked,
            keys: KeysView::default(),
            model: None,
            theme: Theme::System,
            tuning: Tuning::default(),
        };
        let assistant = Self {
            paths,
            engine,
            turns: Turns::default(),
            exchange: exchange::Running::default(),
            keys: Keys::default(),
            presence: Presence::default(),
            events,
            shown: Arc::new(RwLock::new(shown)),
            vault: Arc::default(),
        };
        assistant.watch_engine();
        // The model is read from disk while the person looks at the first page.
        assistant.use_chosen_model().await?;
        gate::start(&assistant).await;
        lock::watch(&assistant);
        Ok(assistant)
    }

    /// Does what a host asks.
    pub(crate) async fn call(&self, call: Call) -> Result<Reply, Failure> {
        self.presence.seen(&call);
        match call {
            Call::State => {}
            Call::Keys { what } => return keys::call(self, what).await,
            Call::Drafts { what } => return drafts::call(self, what).await,
            Call::Protect { protection } => gate::protect(self, protection).await?,
            Call::Unlock { passphrase } => gate::unlock(self, passphrase).await?,
            Call::Retry => gate::open(self).await,
            Call::Conversations => {
                return Ok(Reply::Conversations(
                    conversations::all(&*self.vault()?).await?,
                ));
            }
            Call::Conversation { id } => {
                return Ok(Reply::Conversation(
                    conversations::view(&*self.vault()?, &self.turns, id).await?,
                ));
            }
            Call::NewConversation => {
                return Ok(Reply::Conversation(conversations::create(self).await?));
            }
            Call::Rename { id, title } => {
                conversations::rename(self, id, &title).await?;
                return Ok(Reply::Done);
            }
            Call::Delete { id } => {
                conversations::delete(self, id).await?;
                return Ok(Reply::Done);
            }
            Call::List { .. }
            | Call::Shelves
            | Call::Keep { .. }
            | Call::Folder { .. }
            | Call::Search { .. }
            | Call::Map { .. }
            | Call::DeleteBranch { .. }
            | Call::KeepBranch { .. } => return history::call(self, call).await,
            Call::ChooseBranch {
                conversation,
                message,
            } => {
                return Ok(Reply::Conversation(
                    conversations::choose_branch(self, conversation, message).await?,
                ));
            }
            Call::SetOverflow {
                conversation,
                overflow,
            } => {
                self.vault()?.set_overflow(conversation, overflow).await?;
                return Ok(Reply::Done);
            }
            Call::Ask {
                conversation,
                parent,
                text,
            } => {
                let (turn, view) = self.turns.ask(self, conversation, parent, &text).await?;
                return Ok(Reply::Turn { turn, view });
            }
            Call::Regenerate {
                conversation,
                message,
            } => {
                let (turn, view) = self.turns.regenerate(self, conversation, message).await?;
                return Ok(Reply::Turn { turn, view });
            }
            Call::Stop { turn } => {
                self.turns.stop(turn);
                return Ok(Reply::Done);
            }
            Call::Models => return self.models().await,
            Call::UseModel { id } => self.use_model(&id).await?,
            Call::AddModel { path } => {
                library::add(&*self.vault()?, &path).await?;
                return self.models().await;
            }
            Call::SetTheme { theme } => {
                let value = serde_json::to_string(&theme)
                    .map_err(|e| Failure::new("theme", e.to_string()))?;
                self.vault()?.set_setting(THEME, &value).await?;
                self.show(|shown| shown.theme = theme);
            }
            Call::Tune { tuning } => {
                let value = serde_json::to_string(&tuning)
                    .map_err(|e| Failure::new("tuning", e.to_string()))?;
                self.vault()?.set_setting(TUNING, &value).await?;
                self.tune(tuning);
            }
            Call::Exchange { what } => return exchange::call(self, what).await,
            Call::Bench => return Ok(Reply::Bench(bench::run(self).await?)),
            Call::Safety { what } => return safety::call(self, what).await,
            Call::Doctor => return Ok(Reply::Doctor(doctor::examine(self).await)),
        }
        Ok(Reply::State(self.state()))
    }

    async fn use_model(&self, id: &str) -> Result<(), Failure> {
        let model = library::choose(&*self.vault()?, id).await?;
        self.engine.choose(&model.model());
        self.show(|shown| shown.model = Some(model.card));
        self.engine.warm().await?;
        Ok(())
    }

    async fn models(&self) -> Result<Reply, Failure> {
        let shelf = library::all(self.vault().ok().as_deref()).await?;
        Ok(Reply::Models(
            shelf.into_iter().map(|model| model.card).collect(),
        ))
    }

    /// The events from here on.
    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    pub(crate) fn tell(&self, event: Event) {
        // Without a listener there is nobody to tell.
        let _ = self.events.send(event);
    }

    /// Ends every turn keeping its text, ends the engine keeping what it computed, and closes the vault.
    pub(crate) async fn close(&self) {
        if tokio::time::timeout(ENGINE_END, self.turns.lock())
            .await
            .is_err()
        {
            tracing::warn!("a turn did not end in time; its text so far is stored");
        }
        // One that loads or reads a prompt hears it late; it ends with this process anyway.
        match tokio::time::timeout(ENGINE_END, self.engine.stop()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the engine could not be stopped"),
            Err(_) => tracing::info!("the engine is busy and ends with this process"),
        }
        self.engine.keep_on(None);
        self.keys.forget();
        let vault = self
            .vault
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(vault) = vault
            && let Err(error) = vault.close().await
        {
            tracing::error!(%error, "the vault could not be closed cleanly");
        }
    }

    /// The open vault.
    pub(crate) fn vault(&self) -> Result<Arc<Vault>, Failure> {
        let vault = self
            .vault
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        vault.ok_or_else(|| Failure::new("vault.locked", "The vault isn't open yet."))
    }

    /// Takes an opened vault into use: what broke off last time is settled, settings count from here on.
    pub(crate) async fn adopt(&self, vault: Vault) -> Result<(), Failure> {
        let settled = vault.settle_interrupted().await?;
        if settled > 0 {
            tracing::info!(settled, "answers of the last time had broken off");
        }
        exchange::sweep(&vault).await;
        let theme = vault
            .setting(THEME)
            .await?
            .and_then(|value| serde_json::from_str(&value).ok());
        let tuning = vault
            .setting(TUNING)
            .await?
            .and_then(|value| serde_json::from_str(&value).ok());
        let states = vault.states();
        self.keep_states(&vault);
        self.keys.made(&vault);
        let vault = Arc::new(vault);
        *self.vault.write().unwrap_or_else(PoisonError::into_inner) = Some(vault.clone());
        let kept = Arc::downgrade(&vault);
        // Nobody waits for it: with many conversations it takes a moment, and a keyring may ask.
        tokio::spawn(async move {
            if let Err(error) = vault.tidy_keyring().await {
                tracing::debug!(code = error.code(), "the keyring could not be tidied");
            }
            match vault.ids().await {
                Ok(known) => drop(tokio::task::spawn_blocking(move || {
                    states.keep_only(&known);
                })),
                Err(error) => tracing::warn!(%error, "kept states could not be looked through"),
            }
        });
        tokio::spawn(safety::back_up_daily(self.clone(), kept));
        self.show(|shown| {
            shown.vault = VaultState::Open;
            shown.theme = theme.unwrap_or_default();
        });
        self.presence.now();
        lock::lift(self);
        keys::refresh(self).await;
        self.tune(tuning.unwrap_or_default());
        self.use_chosen_model().await
    }

    /// The engine keeps what it computes in this vault.
    pub(crate) fn keep_states(&self, vault: &Vault) {
        self.engine.keep_on(Some(Arc::new(Sealed(vault.states()))));
    }

    fn tune(&self, tuning: Tuning) {
        let idle = tuning
            .sleep_minutes
            .map(|minutes| Duration::from_mins(u64::from(minutes)));
        self.engine.sleep_after(idle);
        self.engine.spare_battery(tuning.spare_battery);
        self.show(|shown| shown.tuning = tuning);
    }

    /// Whether a vault is open.
    pub(crate) fn is_open(&self) -> bool {
        self.vault
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// Shows how the vault stands.
    pub(crate) fn show_vault(&self, vault: VaultState) {
        self.show(|shown| shown.vault = vault);
    }

    /// Shows how the ways into it stand.
    pub(crate) fn show_keys(&self, keys: KeysView) {
        self.show(|shown| shown.keys = keys);
    }

    /// The state of everything.
    pub(crate) fn state(&self) -> AppState {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        AppState {
            vault: shown.vault.clone(),
            keys: shown.keys.clone(),
            engine: engine_state(&self.engine.status().borrow()),
            model: shown.model.clone(),
            theme: shown.theme,
            tuning: shown.tuning,
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }

    fn show(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.shown.write().unwrap_or_else(PoisonError::into_inner));
        self.tell(Event::State {
            state: self.state(),
        });
    }

    async fn use_chosen_model(&self) -> Result<(), Failure> {
        let vault = self.vault().ok();
        let Some(model) = library::chosen(vault.as_deref()).await? else {
            return Ok(());
        };
        self.engine.choose(&model.model());
        self.show(|shown| shown.model = Some(model.card));
        let engine = self.engine.clone();
        tokio::spawn(async move {
            if let Err(error) = engine.warm().await {
                tracing::warn!(%error, "the model could not be loaded ahead");
            }
        });
        Ok(())
    }

    fn watch_engine(&self) {
        let mut status = self.engine.status();
        let assistant = self.clone();
        tokio::spawn(async move {
            while status.changed().await.is_ok() {
                assistant.tell(Event::State {
                    state: assistant.state(),
                });
            }
        });
    }
}

fn engine_state(status: &Status) -> EngineState {
    match status {
        Status::Asleep => EngineState::Asleep,
        Status::Loading { progress } => EngineState::Loading {
            progress: *progress,
        },
        Status::Ready(ready) => EngineState::Ready {
            device: ready.device.clone(),
            gpu_layers: ready.gpu_layers,
            context: ready.context,
        },
        Status::Failed(error) => EngineState::Failed {
            failure: error.clone().into(),
        },
    }
}
