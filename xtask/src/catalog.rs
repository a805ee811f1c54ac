//! models/catalog.toml, as far as fetching needs it.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::digest::Expected;
use crate::pip::Wheel;
use crate::place::Place;

/// One model file.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    /// Its id.
    pub(crate) id: String,
    /// Its name in models/.
    pub(crate) file: String,
    size: u64,
    sha256: String,
    /// Whether every setup fetches it.
    pub(crate) embedded: bool,
    /// https addresses, tried in order.
    #[serde(default)]
    pub(crate) sources: Vec<String>,
    wheel: Option<Piece>,
    #[serde(default)]
    wheel_part: Vec<Piece>,
}

/// A member of a wheel.
#[derive(Debug, Deserialize)]
pub(crate) struct Piece {
    /// The wheel.
    #[serde(flatten)]
    pub(crate) wheel: Wheel,
    /// The path inside it.
    pub(crate) member: String,
}

#[derive(Deserialize)]
struct Catalog {
    model: Vec<Model>,
}

impl Model {
    /// What the file must be.
    pub(crate) fn expected(&self) -> Expected {
        Expected {
            sha256: self.sha256.clone(),
            size: Some(self.size),
        }
    }

    /// The members that make up the file, in order; empty when no registry carries it.
    pub(crate) fn pieces(&self) -> Vec<&Piece> {
        self.wheel.iter().chain(&self.wheel_part).collect()
    }
}

/// Reads the catalog.
pub(crate) fn read(place: &Place) -> Result<Vec<Model>> {
    let file = place.root().join("models/catalog.toml");
    parse(&fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?)
}

fn parse(text: &str) -> Result<Vec<Model>> {
    Ok(toml::from_str::<Catalog>(text)
        .context("models/catalog.toml")?
        .model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_catalog_is_sound() -> Result<()> {
        let models = parse(include_str!("../../models/catalog.toml"))?;
        assert_eq!(models.iter().filter(|model| model.embedded).count(), 1);
        for model in &models {
            assert!(
                model.sha256.len() == 64 && model.sha256.chars().all(|c| c.is_ascii_hexdigit()),
                "{}",
                model.id
            );
            assert!(
                model
                    .sources
                    .iter()
                    .all(|source| source.starts_with("https://")),
                "{}",
                model.id
            );
            assert!(!model.file.contains(['/', '\\']), "{}", model.id);
        }
        let parts = models
            .iter()
            .find(|model| model.id == "qwen2.5-coder-0.5b")
            .map(|model| model.pieces().len());
        assert_eq!(parts, Some(6));
        Ok(())
    }
}
