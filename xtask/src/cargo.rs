//! Cargo started from inside `cargo run`.

use std::ffi::{OsStr, OsString};
use std::process::Command;

use crate::command;
use crate::environment;
use crate::place::Place;

/// Cargo in the checkout, with the build's environment.
pub(crate) fn cargo(place: &Place) -> Command {
    cargo_with(place, &command::cargo_program())
}

/// The same surroundings for a program that calls Cargo or reads the checkout.
pub(crate) fn cargo_with(place: &Place, program: &OsStr) -> Command {
    let mut command = outside(place, program);
    command
        .current_dir(place.root())
        .env("CARGO_TARGET_DIR", place.target());
    command.envs(environment::variables(place));
    command
}

/// A program without what `cargo run` added for this one: build scripts watch their environment, and
/// llama.cpp takes minutes to build again; the app must find its libraries as an installed one does.
pub(crate) fn outside(place: &Place, program: &OsStr) -> Command {
    let mut command = Command::new(program);
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&key);
        }
    }
    if cfg!(target_os = "linux") {
        match library_path(place) {
            Some(rest) => command.env("LD_LIBRARY_PATH", rest),
            None => command.env_remove("LD_LIBRARY_PATH"),
        };
    }
    command
}

/// `cargo <verb> --workspace`: always the whole workspace. Cargo unites features over the packages it
/// was asked for, so a narrower choice would compile shared dependencies, llama.cpp too, once more.
pub(crate) fn workspace(place: &Place, verb: &str) -> Command {
    let mut cargo = cargo(place);
    cargo.args([verb, "--workspace"]);
    if cfg!(windows) && verb == "build" {
        // A running program cannot be replaced there, and this one is running.
        cargo.args(["--exclude", "xtask"]);
    }
    cargo
}

/// The same with tests and measurements, so that `run` and `test` compile dependencies with the same features, once.
pub(crate) fn everything(place: &Place, verb: &str) -> Command {
    let mut cargo = workspace(place, verb);
    cargo.arg("--all-targets");
    cargo
}

/// The person's own part of the library path.
fn library_path(place: &Place) -> Option<OsString> {
    let all = std::env::var_os("LD_LIBRARY_PATH")?;
    let own: Vec<_> = std::env::split_paths(&all)
        .filter(|folder| {
            let inside_rust = folder
                .ancestors()
                .any(|above| above.ends_with("lib/rustlib"));
            let toolchain = folder
                .components()
                .any(|part| part.as_os_str() == "toolchains");
            !folder.starts_with(place.target()) && !inside_rust && !toolchain
        })
        .collect();
    if own.is_empty() {
        None
    } else {
        std::env::join_paths(own).ok()
    }
}
