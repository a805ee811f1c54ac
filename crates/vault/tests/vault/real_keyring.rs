//! The system's own keyring, on a session bus of our own, with a home of its own.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tandem_vault::{
    KeyStore, KeyringError, OsKeyring, Protection, Status, Unlock, Vault, VaultError,
};
use uuid::Uuid;

use crate::support::{can_run, inside};

const HOME: &str = "TANDEM_TEST_HOME";
/// The password of a test's keyring.
const UNLOCK: &str = "printf test | gnome-keyring-daemon --unlock --components=secrets >/dev/null";

fn keyring() -> OsKeyring {
    OsKeyring::new()
        .service("app.tandem.vault.test")
        .deadline(Duration::from_secs(10))
}

fn home() -> PathBuf {
    std::env::var_os(HOME)
        .expect("started by another test")
        .into()
}

/// Runs the ignored tests, one after another with a new bus for each, in the same home, or says why it can't.
fn in_sessions(sessions: &[(&str, &str)]) {
    if !can_run("dbus-run-session", &["--version"])
        || !can_run("gnome-keyring-daemon", &["--version"])
    {
        eprintln!("skipped: dbus-run-session or gnome-keyring-daemon is missing");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    for (before, test) in sessions {
        let status = Command::new("dbus-run-session")
            .args(["--", "sh", "-c", &inside(test, before)])
            .envs([
                ("HOME", home.path()),
                ("XDG_DATA_HOME", home.path()),
                ("XDG_RUNTIME_DIR", home.path()),
            ])
            .env(HOME, home.path())
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .status()
            .unwrap();
        assert!(status.success(), "{test}");
    }
}

#[test]
fn a_vault_lives_in_a_real_keyring_and_a_locked_one_is_told() {
    in_sessions(&[
        (UNLOCK, "real_keyring::makes_a_vault"),
        ("true", "real_keyring::meets_a_locked_keyring"),
    ]);
}

#[test]
fn a_keyring_that_starts_late_is_found() {
    in_sessions(&[(
        "export DBUS_SESSION_BUS_ADDRESS=unix:path=$HOME/bus",
        "real_keyring::waits_for_a_keyring",
    )]);
}

#[tokio::test]
#[ignore = "needs the session that another test starts"]
async fn makes_a_vault() {
    let dir = home().join("data");
    let vault = Vault::create_with(&dir, Protection::Keyring, Arc::new(keyring()))
        .await
        .unwrap();
    vault.set_setting("a", "1").await.unwrap();
    vault.close().await.unwrap();
    assert!(matches!(Vault::status(&dir), Status::Keyring));
    let vault = Vault::open_with(&dir, Unlock::Keyring, Arc::new(keyring()))
        .await
        .unwrap();
    assert_eq!(vault.setting("a").await.unwrap().as_deref(), Some("1"));
    vault.close().await.unwrap();
    // A passphrase takes the key out of the keyring for real, and its removal puts a new one in.
    let held = |dir: &std::path::Path| {
        let text = std::fs::read_to_string(dir.join("keys.json")).unwrap();
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        let wraps = file["wraps"].as_array().unwrap();
        let kept = wraps.iter().find(|wrap| wrap.get("entry").is_some());
        kept.map(|kept| (kept["entry"].as_str().unwrap().to_owned(), kept.clone()))
    };
    let (first, kept) = held(&dir).unwrap();
    assert_eq!(kept["store"], "GNOME Keyring");
    assert_eq!(keyring().read(first.parse().unwrap()).unwrap().len(), 48);
    let vault = Vault::open_with(&dir, Unlock::Keyring, Arc::new(keyring()))
        .await
        .unwrap();
    let passphrase = zeroize::Zeroizing::new("correct horse".to_owned());
    assert_eq!(
        vault.set_passphrase(passphrase.clone()).await.unwrap(),
        None
    );
    assert!(held(&dir).is_none());
    let gone = keyring().read(first.parse().unwrap()).unwrap_err();
    assert_eq!(gone, KeyringError::Missing);
    vault.close().await.unwrap();
    let vault = Vault::open_with(&dir, Unlock::Passphrase(passphrase), Arc::new(keyring()))
        .await
        .unwrap();
    assert_eq!(vault.remove_passphrase().await.unwrap(), None);
    vault.close().await.unwrap();
    let vault = Vault::open_with(&dir, Unlock::Keyring, Arc::new(keyring()))
        .await
        .unwrap();
    assert_eq!(vault.setting("a").await.unwrap().as_deref(), Some("1"));
    vault.close().await.unwrap();
    // Under another name there is nothing.
    let other = keyring().service("app.tandem.vault.test.other");
    let error = Vault::open_with(&dir, Unlock::Keyring, Arc::new(other))
        .await
        .unwrap_err();
    assert!(
        matches!(error, VaultError::Keyring(KeyringError::Missing)),
        "{error:?}"
    );
    // A key that is kept again replaces the first.
    let id = Uuid::from_u128(1);
    keyring().write(id, &[0; 32]).unwrap();
    keyring().write(id, &[255; 32]).unwrap();
    assert_eq!(keyring().read(id).unwrap().as_slice(), [255; 32]);
}

#[tokio::test]
#[ignore = "needs the session that another test starts"]
async fn meets_a_locked_keyring() {
    let (dir, begun) = (home().join("data"), Instant::now());
    let locked = keyring().deadline(Duration::from_secs(3));
    let error = Vault::open_with(&dir, Unlock::Keyring, Arc::new(locked))
        .await
        .unwrap_err();
    let told = matches!(
        error,
        VaultError::Keyring(
            KeyringError::Hung(_)
                | KeyringError::Locked(_)
                | KeyringError::Denied(_)
                | KeyringError::NoKeyring(_)
        )
    );
    assert!(told, "{error:?}");
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );
    eprintln!("a locked keyring says: {error:?}");
}

#[test]
#[ignore = "needs the session that another test starts"]
fn waits_for_a_keyring() {
    let id = Uuid::from_u128(1);
    let error = keyring().read(id).unwrap_err();
    assert!(matches!(error, KeyringError::NoKeyring(_)), "{error:?}");
    let address = format!(
        "--address={}",
        std::env::var("DBUS_SESSION_BUS_ADDRESS").unwrap()
    );
    let mut bus = Command::new("dbus-daemon")
        .args(["--session", "--nofork", "--nopidfile", &address])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !home().join("bus").exists() {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(
        Command::new("sh")
            .args(["-c", UNLOCK])
            .status()
            .unwrap()
            .success()
    );
    let written = keyring().write(id, b"key");
    let read = keyring().read(id);
    let name = keyring().name();
    bus.kill().unwrap();
    bus.wait().unwrap();
    written.unwrap();
    assert_eq!(read.unwrap().as_slice(), b"key");
    assert_eq!(name.as_deref(), Some("GNOME Keyring"));
}
