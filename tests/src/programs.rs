//! The product's programs, as the build left them beside each other.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The program `name` of this build.
///
/// The test command builds the whole workspace first: `cargo test` alone builds no other package's programs.
pub fn find(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("where this program is can't be told")?;
    let folder = own.parent().unwrap_or(Path::new(""));
    let folder = match folder.file_name() {
        Some(last) if last == "deps" => folder.parent().unwrap_or(folder),
        _ => folder,
    };
    let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    ensure!(
        program.is_file(),
        "{} is missing: run `cargo build --workspace --all-targets` first",
        program.display()
    );
    Ok(program)
}

/// The checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}
