//! The models that Tandem knows, from `models/catalog.toml`, whose head describes each field.

use serde::Deserialize;

const CATALOG: &str = include_str!("../../../models/catalog.toml");

/// Why the catalog can't be read. The shipped one can: a test reads it.
#[derive(Debug, thiserror::Error)]
#[error("the catalog of models can't be read: {0}")]
pub struct CatalogError(#[from] toml::de::Error);

/// A model of the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// Its stable id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its file's name.
    pub file: String,
    /// Its license, as SPDX.
    pub license: String,
    /// How its weights are stored.
    pub quantization: String,
    /// Tokens of context that it was trained for.
    pub context: u32,
    /// Bytes of the file.
    pub size: u64,
    /// The file's SHA-256, in hex.
    pub sha256: String,
    /// Whether it comes with Tandem.
    #[serde(default)]
    pub embedded: bool,
}

#[derive(Deserialize)]
struct Catalog {
    model: Vec<Entry>,
}

/// All models of the catalog.
pub fn catalog() -> Result<Vec<Entry>, CatalogError> {
    Ok(toml::from_str::<Catalog>(CATALOG)?.model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_catalog_has_one_embedded_model_and_whole_digests() {
        let models = catalog().unwrap();
        assert_eq!(models.iter().filter(|model| model.embedded).count(), 1);
        assert!(
            models
                .iter()
                .all(|model| model.sha256.len() == 64 && model.size > 0)
        );
    }
}
