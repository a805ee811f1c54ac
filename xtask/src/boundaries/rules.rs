//! The import table of the design.

/// What one package may import.
pub(super) struct Rule {
    /// The packages of this workspace it may import; nothing stands for all.
    ours: Option<&'static [&'static str]>,
    /// Whether it must be free of files, networks, clocks and threads of its own.
    pure: bool,
}

/// No input, no output, no clock: what a pure crate never imports.
const IMPURE: [&str; 20] = [
    "async-std",
    "chrono",
    "dirs",
    "directories",
    "fs-err",
    "hyper",
    "interprocess",
    "jiff",
    "libc",
    "memmap2",
    "mio",
    "nix",
    "reqwest",
    "rustix",
    "smol",
    "sysinfo",
    "tempfile",
    "time",
    "tokio",
    "walkdir",
];

/// Dependencies that belong to some packages alone; a name also covers all that continue it with a dash.
const OWNED: [(&str, &[&str]); 8] = [
    ("llama-cpp-2", &["tandem-engine"]),
    ("llama-cpp-sys-2", &["tandem-engine"]),
    ("sqlx", &["tandem-vault"]),
    ("libsqlite3-sys", &["tandem-vault"]),
    ("rusqlite", &["tandem-vault"]),
    ("keyring", &["tandem-vault"]),
    ("reqwest", &["tandem-cloud", "tandem-models"]),
    ("tauri", &["tandem-app"]),
];

/// The whole-system tests and the fault campaigns look behind every door.
const TESTS: [&str; 2] = ["tandem-tests", "tandem-faults"];

const TABLE: [(&str, Rule); 16] = [
    ("tandem-conversation", pure(&[])),
    ("tandem-gguf", pure(&[])),
    ("tandem-protocol", pure(&[])),
    ("tandem-privacy", pure(&["tandem-conversation"])),
    (
        "tandem-routing",
        pure(&["tandem-conversation", "tandem-privacy"]),
    ),
    (
        "tandem-engine-client",
        only(&["tandem-conversation", "tandem-protocol", "tandem-gguf"]),
    ),
    ("tandem-engine", only(&["tandem-protocol", "tandem-gguf"])),
    ("tandem-cloud", only(&["tandem-conversation"])),
    ("tandem-sealing", only(&[])),
    (
        "tandem-exchange",
        only(&["tandem-conversation", "tandem-sealing"]),
    ),
    (
        "tandem-vault",
        only(&["tandem-conversation", "tandem-sealing"]),
    ),
    ("tandem-models", only(&["tandem-gguf"])),
    (
        "tandem-assistant",
        only(&[
            "tandem-conversation",
            "tandem-gguf",
            "tandem-protocol",
            "tandem-privacy",
            "tandem-routing",
            "tandem-engine-client",
            "tandem-cloud",
            "tandem-vault",
            "tandem-models",
            "tandem-exchange",
        ]),
    ),
    ("tandem-cli", only(&["tandem-assistant"])),
    ("tandem-app", only(&["tandem-assistant"])),
    ("xtask", only(&[])),
];

const fn pure(ours: &'static [&'static str]) -> Rule {
    Rule {
        ours: Some(ours),
        pure: true,
    }
}

const fn only(ours: &'static [&'static str]) -> Rule {
    Rule {
        ours: Some(ours),
        pure: false,
    }
}

/// The rule of a package.
pub(super) fn of(package: &str) -> Option<&'static Rule> {
    const EVERYTHING: Rule = Rule {
        ours: None,
        pure: false,
    };
    if TESTS.contains(&package) {
        return Some(&EVERYTHING);
    }
    TABLE
        .iter()
        .find(|(name, _)| *name == package)
        .map(|(_, rule)| rule)
}

/// The folders of the pure crates.
pub(super) fn pure_folders() -> impl Iterator<Item = String> {
    TABLE
        .iter()
        .filter(|(_, rule)| rule.pure)
        .map(|(name, _)| format!("crates/{}/src", name.trim_start_matches("tandem-")))
}

impl Rule {
    /// Why the import is forbidden, if it is.
    pub(super) fn forbids(&self, package: &str, import: &str) -> Option<String> {
        let ours = self.ours?;
        if import.starts_with("tandem-") && !ours.contains(&import) {
            return Some(format!("may not import {import}"));
        }
        if self.pure && IMPURE.contains(&import) {
            return Some(format!("is pure and may not import {import}"));
        }
        let covers = |name: &str| {
            import
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let (name, owners) = OWNED
            .iter()
            .find(|(name, owners)| covers(name) && !owners.contains(&package))?;
        Some(format!(
            "may not import {import}; {name} belongs to {}",
            owners.join(" and ")
        ))
    }
}
