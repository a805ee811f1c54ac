//! A measured figure, as docs/figures keeps it.

use std::{env, fs};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::programs;

/// One figure, with what it was made of.
pub struct Figure {
    /// Its id in docs/figures/targets.toml.
    pub id: &'static str,
    /// The value; `None` with a `reason` where it could not be measured.
    pub value: Option<f64>,
    /// The unit, such as `ms`; empty for ratios and counts.
    pub unit: &'static str,
    /// How often it was measured.
    pub n: usize,
    /// The peer's value in the same run.
    pub peer: Value,
    /// Why there is no value.
    pub reason: Option<String>,
    /// Every sample.
    pub raw: Value,
}

impl Figure {
    /// Writes docs/figures/<id>.json and docs/figures/raw/<id>.json, as this program's own `cargo xtask bench`.
    pub fn write(&self) -> Result<()> {
        let words: Vec<_> = env::args().skip(1).collect();
        self.write_as(&format!("cargo xtask bench {}", words.join(" ")))
    }

    /// Writes docs/figures/<id>.json and docs/figures/raw/<id>.json; `command` makes them again.
    pub fn write_as(&self, command: &str) -> Result<()> {
        let told = |name: &str| {
            env::var(name).with_context(|| format!("{name} is not set: use `cargo xtask`"))
        };
        let mut figure = json!({
            "id": self.id,
            "value": self.value.map(rounded),
            "unit": self.unit,
            "n": self.n,
            "peer": self.peer,
            "command": command,
            "machine": told("TANDEM_MACHINE")?,
            "date": told("TANDEM_DATE")?,
        });
        if let Some(reason) = &self.reason {
            figure["reason"] = json!(reason);
        }
        let folder = programs::root().join("docs/figures");
        fs::create_dir_all(folder.join("raw"))?;
        let file = format!("{}.json", self.id);
        fs::write(folder.join(&file), format!("{figure:#}\n"))?;
        fs::write(folder.join("raw").join(&file), format!("{:#}\n", self.raw))?;
        Ok(())
    }
}

/// Three digits behind the point at most: more would be noise.
pub fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
