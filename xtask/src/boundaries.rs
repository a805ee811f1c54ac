//! Who may import whom: ARCHITECTURE.md's table, asserted against the manifests and the sources.

mod bare_code;
mod files;
mod rules;
mod sources;

use std::process::Command;

use anyhow::{Result, bail};
use serde::Deserialize;

use crate::command;
use crate::place::Place;
use crate::report::Outcome;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `dev` and `build`, or nothing for a dependency of the product.
    kind: Option<String>,
}

/// Checks all rules and names every breach, not only the first.
pub(crate) fn check(place: &Place) -> Result<Outcome> {
    let text = command::output(
        Command::new(command::cargo_program())
            .current_dir(place.root())
            .args(["metadata", "--no-deps", "--format-version", "1"]),
    )?;
    let metadata: Metadata = serde_json::from_str(&text)?;
    let mut breaches: Vec<String> = metadata.packages.iter().flat_map(breaches_of).collect();
    breaches.extend(sources::breaches(place)?);
    if breaches.is_empty() {
        return Ok(Outcome::Already(format!(
            "{} packages keep their boundaries",
            metadata.packages.len()
        )));
    }
    bail!("boundaries are crossed:\n  {}", breaches.join("\n  "))
}

/// What a package imports against the rules; dependencies of its tests are free.
fn breaches_of(package: &Package) -> Vec<String> {
    let imports = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind.as_deref() != Some("dev"));
    let Some(rule) = rules::of(&package.name) else {
        return vec![format!(
            "{} has no row in xtask/src/boundaries/rules.rs",
            package.name
        )];
    };
    imports
        .filter_map(|import| rule.forbids(&package.name, &import.name))
        .map(|why| format!("{}: {why}", package.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, imports: &[(&str, Option<&str>)]) -> Package {
        let dependencies = imports
            .iter()
            .map(|(name, kind)| Dependency {
                name: (*name).into(),
                kind: kind.map(str::to_owned),
            })
            .collect();
        Package {
            name: name.into(),
            dependencies,
        }
    }

    #[test]
    fn the_table_s_own_examples_are_free() {
        let free = [
            package(
                "tandem-routing",
                &[
                    ("serde", None),
                    ("tandem-conversation", None),
                    ("tempfile", Some("dev")),
                ],
            ),
            package(
                "tandem-engine",
                &[("llama-cpp-2", None), ("tandem-protocol", None)],
            ),
            package(
                "tandem-vault",
                &[
                    ("sqlx", None),
                    ("keyring", None),
                    ("tandem-conversation", None),
                ],
            ),
            package(
                "tandem-app",
                &[
                    ("tauri", None),
                    ("tauri-build", Some("build")),
                    ("tandem-assistant", None),
                ],
            ),
            package(
                "tandem-tests",
                &[("tandem-vault", None), ("fantoccini", None)],
            ),
        ];
        for package in free {
            assert_eq!(
                breaches_of(&package),
                Vec::<String>::new(),
                "{}",
                package.name
            );
        }
    }

    #[test]
    fn every_forbidden_arrow_is_named() {
        let crossed = [
            package("tandem-conversation", &[("tokio", None)]),
            package("tandem-conversation", &[("tandem-routing", None)]),
            package("tandem-engine-client", &[("tandem-vault", None)]),
            package("tandem-cloud", &[("tandem-vault", None)]),
            package("tandem-assistant", &[("tauri", None)]),
            package("tandem-assistant", &[("tandem-engine", None)]),
            package("tandem-cli", &[("sqlx", None)]),
            package("tandem-app", &[("tandem-vault", None)]),
            package("tandem-new", &[]),
        ];
        for package in crossed {
            assert_eq!(breaches_of(&package).len(), 1, "{}", package.name);
        }
    }
}
