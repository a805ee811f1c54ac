//! The models at hand: the embedded one, and the files that the person added.

use std::path::{Path, PathBuf};

use tandem_engine_client::Model;
use tandem_models::{Entry, ModelFile, catalog, inspect};
use tandem_vault::Vault;

use crate::{
    Paths,
    wire::{Failure, ModelCard},
};

/// Tokens of context that are kept ready. More costs memory for every conversation.
const CONTEXT: u32 = 4096;
/// Settings in the vault.
const ADDED: &str = "models.added";
const CHOSEN: &str = "models.chosen";

/// A model at hand.
#[derive(Clone, Debug)]
pub(crate) struct Shelved {
    pub card: ModelCard,
    pub path: PathBuf,
}

impl Shelved {
    /// The model for the engine.
    pub(crate) fn model(&self) -> Model {
        Model {
            path: self.path.clone(),
            context: CONTEXT,
            ..Model::default()
        }
    }
}

/// The embedded model, if its file is there.
pub(crate) fn embedded() -> Option<Shelved> {
    let (entry, path) = embedded_file()?;
    let card = ModelCard {
        id: entry.id,
        name: entry.name,
        quantization: entry.quantization,
        bytes: entry.size,
        context: entry.context,
        license: entry.license,
        embedded: true,
    };
    Some(Shelved { card, path })
}

/// The embedded model's entry and file.
pub(crate) fn embedded_file() -> Option<(Entry, PathBuf)> {
    let entry = catalog().ok()?.into_iter().find(|entry| entry.embedded)?;
    let path = Paths::models()
        .into_iter()
        .map(|folder| folder.join(&entry.file))
        .find(|path| path.is_file())?;
    Some((entry, path))
}

/// All models at hand. Added files that are gone are left out, and come back with their file.
pub(crate) async fn all(vault: Option<&Vault>) -> Result<Vec<Shelved>, Failure> {
    let mut shelf: Vec<_> = embedded().into_iter().collect();
    if let Some(vault) = vault {
        shelf.extend(
            added(vault)
                .await?
                .iter()
                .filter_map(|path| inspect(Path::new(path)).ok())
                .map(shelved),
        );
    }
    Ok(shelf)
}

/// The model that the person chose, or else the embedded one.
pub(crate) async fn chosen(vault: Option<&Vault>) -> Result<Option<Shelved>, Failure> {
    let shelf = all(vault).await?;
    let wanted = match vault {
        Some(vault) => vault.setting(CHOSEN).await?,
        None => None,
    };
    let found = wanted.and_then(|id| shelf.iter().find(|model| model.card.id == id).cloned());
    Ok(found.or_else(|| shelf.into_iter().next()))
}

/// Chooses the model `id`.
pub(crate) async fn choose(vault: &Vault, id: &str) -> Result<Shelved, Failure> {
    let model = all(Some(vault))
        .await?
        .into_iter()
        .find(|model| model.card.id == id);
    let model = model
        .ok_or_else(|| Failure::new("model.unknown", "This model is not in the list any more."))?;
    vault.set_setting(CHOSEN, id).await?;
    Ok(model)
}

/// Adds the file at `path`, in place, if it is a sound model.
pub(crate) async fn add(vault: &Vault, path: &str) -> Result<(), Failure> {
    let file = inspect(Path::new(path.trim())).map_err(|error| {
        Failure::new(
            "model.refused",
            format!("This file can't be used as a model: {error}."),
        )
    })?;
    let path = file
        .path
        .canonicalize()
        .unwrap_or(file.path)
        .to_string_lossy()
        .into_owned();
    let mut paths = added(vault).await?;
    if !paths.contains(&path) {
        paths.push(path);
    }
    let value = serde_json::to_string(&paths)
        .map_err(|error| Failure::new("model.list", error.to_string()))?;
    Ok(vault.set_setting(ADDED, &value).await?)
}

async fn added(vault: &Vault) -> Result<Vec<String>, Failure> {
    let value = vault.setting(ADDED).await?;
    Ok(value
        .and_then(|value| serde_json::from_str(&value).ok())
        .unwrap_or_default())
}

fn shelved(file: ModelFile) -> Shelved {
    let card = ModelCard {
        id: file.path.to_string_lossy().into_owned(),
        name: file.name,
        quantization: file.quantization,
        bytes: file.bytes,
        context: file.context,
        license: file.license,
        embedded: false,
    };
    Shelved {
        card,
        path: file.path,
    }
}
