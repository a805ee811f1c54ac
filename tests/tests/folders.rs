//! Folders that can't be written: the terminal's program says so, and what was there stays.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use tandem_tests::programs;

/// Runs `script` where mounting is allowed and nobody else sees it. `$tandem`, `$folder` and `$secret` name the
/// program, a folder of its own and a file with a passphrase.
fn run(folder: &Path, script: &str) -> Output {
    let secret = folder.join("secret");
    fs::write(&secret, "correct horse battery staple\n").unwrap();
    // What a test mounts goes with it, also where the second of the ways below was taken.
    let script = format!(
        r#"trap 'while umount "$folder/data" 2>/dev/null; do :; done' EXIT
        {script}"#
    );
    Command::new("unshare")
        .args(way())
        .args(["sh", "-eu", "-c", &script])
        .env("tandem", programs::find("tandem").unwrap())
        .env("folder", folder)
        .env("secret", secret)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// As anybody; inside a changed root, where that isn't allowed, as root.
fn way() -> &'static [&'static str] {
    const ANYBODY: &[&str] = &["--mount", "--map-root-user"];
    let works = Command::new("unshare").args(ANYBODY).arg("true").output();
    if works.is_ok_and(|output| output.status.success()) {
        ANYBODY
    } else {
        &["--mount", "--propagation", "unchanged"]
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_folder_that_is_read_only_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(
        folder.path(),
        r#"mkdir "$folder/data"
           mount -t tmpfs -o ro,size=1m tmpfs "$folder/data"
           "$tandem" --data "$folder/data" --passphrase-file "$secret" ask Hello"#,
    );
    assert!(!output.status.success());
    let said = said(&output);
    assert!(said.contains("can't write to its folder"), "{said}");
    assert!(said.contains("Make it writable"), "{said}");
}

#[test]
fn a_vault_that_became_read_only_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(
        folder.path(),
        r#"mkdir "$folder/data"
           "$tandem" --data "$folder/data" --passphrase-file "$secret" ask "Say hello." >/dev/null
           sum() { find "$folder/data/vault" -type f -exec sha256sum {} + | sort; }
           before=$(sum)
           mount --bind "$folder/data" "$folder/data"
           mount -o remount,ro,bind "$folder/data"
           if "$tandem" --data "$folder/data" --passphrase-file "$secret" ask Again; then exit 9; fi
           [ "$before" = "$(sum)" ] || exit 8"#,
    );
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("Make it writable"), "{said}");
}

#[test]
fn a_disk_that_fills_up_loses_nothing_that_was_stored() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(
        folder.path(),
        r#"mkdir "$folder/data"
           mount -t tmpfs -o size=3m tmpfs "$folder/data"
           ask() { "$tandem" --data "$folder/data" --passphrase-file "$secret" ask "$@"; }
           ask "Say hello." >/dev/null
           dd if=/dev/zero of="$folder/data/ballast" bs=4096 2>/dev/null || true
           if ask "Say goodbye." >/dev/null; then exit 9; fi
           rm "$folder/data/ballast"
           ask "Say hello again." "#,
    );
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("full"), "{said}");
    assert!(!output.stdout.is_empty());
}
