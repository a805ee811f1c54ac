//! Declares the shell's commands, so that a window may call those alone that its capability names.

use tauri_build::{AppManifest, Attributes};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let commands = [
        "call",
        "watch",
        "seen",
        "pick_model_file",
        "open_link",
        "quit",
    ];
    // The page is compiled in, and nobody else watches it.
    println!("cargo:rerun-if-changed=../ui/dist");
    let manifest = AppManifest::new().commands(Box::leak(Box::new(commands)));
    Ok(tauri_build::try_build(
        Attributes::new().app_manifest(manifest),
    )?)
}
