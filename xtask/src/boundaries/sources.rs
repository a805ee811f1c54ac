//! Rules that stand in the sources rather than in the manifests.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::{bare_code, files, rules};
use crate::place::Place;

/// The only folder with code that the compiler can't check.
const UNCHECKED: &str = "crates/engine-process/";
/// The only file of the page that knows the desktop shell.
const DOOR: &str = "ui/src/host/tauri.ts";
/// What reaches for files, networks, clocks or other programs.
const REACHES: [&str; 7] = [
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "SystemTime",
    "Instant::now",
];

/// Every breach in the checkout, each with file and line.
pub(super) fn breaches(place: &Place) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for folder in ["crates", "src-tauri", "tests", "xtask"] {
        for file in files::below(&place.root().join(folder), &["rs"])? {
            let name = relative(place, &file);
            if name.ends_with("/mod.rs") {
                found.push(format!(
                    "{name}: a module is a file of its own name, not mod.rs"
                ));
            }
            if !name.starts_with(UNCHECKED) {
                let code = bare_code::of(&fs::read_to_string(&file)?);
                found.extend(
                    lines_where(&code, is_unchecked)
                        .map(|line| format!("{name}:{line}: unsafe belongs to {UNCHECKED}")),
                );
            }
        }
    }
    for folder in rules::pure_folders() {
        for file in files::below(&place.root().join(folder), &["rs"])? {
            let name = relative(place, &file);
            let source = fs::read_to_string(&file)?;
            // A module of tests at the end of a file may reach for anything.
            let product = source
                .split("#[cfg(test)]\nmod ")
                .next()
                .unwrap_or_default();
            let code = bare_code::of(product);
            let reaches = |line: &str| REACHES.iter().any(|reach| line.contains(reach));
            if !name.ends_with("tests.rs") {
                found.extend(
                    lines_where(&code, reaches)
                        .map(|line| format!("{name}:{line}: a pure crate reaches outside")),
                );
            }
        }
    }
    for file in files::below(&place.root().join("ui/src"), &["ts", "js", "svelte"])? {
        let name = relative(place, &file);
        if name != DOOR && fs::read_to_string(&file)?.contains("@tauri-apps/") {
            found.push(format!("{name}: only {DOOR} imports @tauri-apps/"));
        }
    }
    Ok(found)
}

fn lines_where(code: &str, is_breach: impl Fn(&str) -> bool) -> impl Iterator<Item = usize> {
    code.lines()
        .enumerate()
        .filter(move |(_, line)| is_breach(line))
        .map(|(index, _)| index + 1)
}

/// The keyword itself, or a lint attribute that lets it in.
fn is_unchecked(line: &str) -> bool {
    let mut words = line.split(|letter| !bare_code::is_word(letter));
    let keyword = words.clone().any(|word| word == "unsafe");
    keyword
        || line.contains("unsafe_code")
            && words.any(|word| word == "allow" || word == "expect" || word == "warn")
}

fn relative(place: &Place, file: &Path) -> String {
    file.strip_prefix(place.root())
        .unwrap_or(file)
        .to_string_lossy()
        .replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout(name: &str, file: &str, text: &str) -> Result<Vec<String>> {
        let root = std::env::temp_dir().join(format!(
            "tandem-xtask-sources-{name}-{}",
            std::process::id()
        ));
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap_or(&root))?;
        fs::write(path, text)?;
        let found = breaches(&Place::of(&root, &root));
        fs::remove_dir_all(root)?;
        found
    }

    #[test]
    fn the_keyword_is_found_in_code_and_not_in_words_about_it() -> Result<()> {
        let text = "// unsafe here\nlet a = \"unsafe\";\nlet unsafe_name = 1;\nunsafe { x() }\n";
        assert_eq!(
            checkout("keyword", "crates/vault/src/x.rs", text)?,
            ["crates/vault/src/x.rs:4: unsafe belongs to crates/engine-process/"]
        );
        assert!(checkout("engine", "crates/engine-process/src/x.rs", text)?.is_empty());
        assert_eq!(
            checkout("lint", "crates/vault/src/x.rs", "#![allow(unsafe_code)]\n")?.len(),
            1
        );
        Ok(())
    }

    #[test]
    fn a_pure_crate_has_no_clock_outside_its_tests() -> Result<()> {
        let text =
            "fn f() { std::time::SystemTime::now(); }\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        assert_eq!(checkout("clock", "crates/routing/src/x.rs", text)?.len(), 1);
        assert!(checkout("vault", "crates/vault/src/x.rs", text)?.is_empty());
        Ok(())
    }

    #[test]
    fn the_page_has_one_door() -> Result<()> {
        let text = "import { invoke } from '@tauri-apps/api/core';\n";
        assert_eq!(checkout("page", "ui/src/chat/Chat.svelte", text)?.len(), 1);
        assert!(checkout("door", "ui/src/host/tauri.ts", text)?.is_empty());
        Ok(())
    }

    #[test]
    fn modules_have_names() -> Result<()> {
        assert_eq!(
            checkout("modules", "crates/vault/src/a/mod.rs", "")?.len(),
            1
        );
        Ok(())
    }
}
