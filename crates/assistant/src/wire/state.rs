//! The state that a host shows before and around a conversation.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Failure, KeysView, ModelCard};

/// The window's colors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Whether the system's keyring can protect a vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Keyring {
    /// It answered.
    Ready,
    /// It can't be used now.
    Missing {
        /// Why, and what to do.
        message: String,
    },
}

/// The vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum VaultState {
    /// There is none yet.
    New {
        /// Whether the keyring can protect it.
        keyring: Keyring,
    },
    /// The person opens it: with the passphrase, or with a word where the keyring holds the key.
    Locked,
    /// Open.
    Open,
    /// It can't be opened. Nothing was changed.
    Trouble {
        /// Why, and what to do.
        failure: Failure,
    },
}

/// The engine and its model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum EngineState {
    /// No model is loaded; the next question loads it.
    Asleep,
    /// The model is being loaded.
    Loading {
        /// From 0 to 1.
        progress: f32,
    },
    /// Ready to answer.
    Ready {
        /// What it runs on, such as `CPU` or `Vulkan0`.
        device: String,
        /// Layers on that device when it isn't the CPU.
        gpu_layers: u32,
        /// Tokens that the context holds.
        context: u32,
    },
    /// It could not be started or the model could not be loaded.
    Failed {
        /// Why, and what to do.
        failure: Failure,
    },
}

/// How the engine uses this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Tuning {
    /// Minutes without a question after which the model's memory is freed; `null` keeps it.
    pub sleep_minutes: Option<u32>,
    /// Whether several tokens are guessed ahead from the text and checked at once, where that is measured to be faster.
    pub drafts: bool,
    /// Whether a battery is spared: fewer threads, and an idle model is freed sooner.
    #[serde(default = "yes")]
    pub spare_battery: bool,
}

fn yes() -> bool {
    true
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            sleep_minutes: Some(15),
            drafts: true,
            spare_battery: true,
        }
    }
}

/// The state of everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct AppState {
    /// The vault.
    pub vault: VaultState,
    /// The ways into it.
    pub keys: KeysView,
    /// The engine.
    pub engine: EngineState,
    /// The model in use.
    pub model: Option<ModelCard>,
    /// The window's colors.
    pub theme: Theme,
    /// How the engine uses this machine.
    pub tuning: Tuning,
    /// Tandem's version.
    pub version: String,
}
