//! Keys are changed, again and again, and the program is killed at any moment: the vault opens with exactly the old or the
//! new. `TANDEM_REKEY_KILLS` says how often.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use tandem_vault::{KeyStore, KeyringError, Phrase, Protection, Unlock, Vault, VaultError};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::support::{answer, conversation, question};

const HOME: &str = "TANDEM_TEST_REKEY";
const KILLS: &str = "TANDEM_REKEY_KILLS";
const SEED: &str = "TANDEM_REKEY_SEED";
/// Kills in a usual run of the tests.
const USUAL: u32 = 6;
const PASSPHRASE: &str = "correct horse battery";
const PHRASES: [&str; 2] = [
    "legal winner thank year wave sausage worth useful legal winner thank yellow",
    "letter advice cage absurd amount doctor acoustic avoid letter advice cage above",
];

/// A keyring in a folder, whose entries are whole or not there, as a keyring's are.
struct FolderKeyring(PathBuf);

impl KeyStore for FolderKeyring {
    fn read(&self, entry: Uuid) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        match fs::read(self.0.join(entry.to_string())) {
            Ok(held) => Ok(Zeroizing::new(held)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(KeyringError::Missing)
            }
            Err(error) => Err(KeyringError::Other(error.to_string())),
        }
    }

    fn write(&self, entry: Uuid, key: &[u8]) -> Result<(), KeyringError> {
        let new = self.0.join("new");
        fs::write(&new, key)
            .and_then(|()| fs::rename(&new, self.0.join(entry.to_string())))
            .map_err(|error| KeyringError::Other(error.to_string()))
    }

    fn remove(&self, entry: Uuid) -> Result<(), KeyringError> {
        // Nothing, when it isn't there.
        let _ = fs::remove_file(self.0.join(entry.to_string()));
        Ok(())
    }
}

fn keyring(home: &Path) -> Arc<FolderKeyring> {
    Arc::new(FolderKeyring(home.join("keyring")))
}

fn phrase(at: usize) -> Phrase {
    Phrase::parse(PHRASES[at % 2]).unwrap()
}

fn passphrase() -> Zeroizing<String> {
    Zeroizing::new(PASSPHRASE.to_owned())
}

async fn open(home: &Path) -> Vault {
    let dir = home.join("data");
    let ways = Vault::ways_of(&dir).unwrap().unwrap();
    let unlock = if ways.passphrase {
        Unlock::Passphrase(passphrase())
    } else {
        Unlock::Keyring
    };
    Vault::open_with(&dir, unlock, keyring(home)).await.unwrap()
}

/// Whether it opens by this phrase; anything but a plain no is a failure.
async fn opens_by(home: &Path, at: usize) -> bool {
    let unlock = Unlock::Phrase(phrase(at));
    match Vault::open_with(&home.join("data"), unlock, keyring(home)).await {
        Ok(vault) => {
            vault.close().await.unwrap();
            true
        }
        Err(VaultError::WrongPhrase) => false,
        Err(error) => panic!("{error:?}"),
    }
}

fn next(random: &mut u64) -> u64 {
    // Xorshift: enough to be anywhere.
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}

#[tokio::test]
async fn a_kill_while_keys_change_leaves_exactly_the_old_or_the_new() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let kills = number(KILLS).unwrap_or(u64::from(USUAL));
    let seed = number(SEED).unwrap_or(0x5eed);
    let mut random = seed.max(1);
    let temporary = tempfile::tempdir().unwrap();
    let home = temporary.path();
    fs::create_dir(home.join("keyring")).unwrap();
    let dir = home.join("data");
    let vault = Vault::create_with(&dir, Protection::Keyring, keyring(home))
        .await
        .unwrap();
    vault.set_phrase(&phrase(0)).await.unwrap();
    let id = conversation(1);
    vault.create_conversation(id, 1).await.unwrap();
    for pair in 0..200 {
        let asked = question(2 * pair + 1, id, &"what was said ".repeat(40));
        vault.append(&asked).await.unwrap();
        vault.append(&answer(2 * pair + 2, &asked)).await.unwrap();
    }
    vault.settle_interrupted().await.unwrap();
    let said = vault.conversation(id).await.unwrap().1;
    vault.close().await.unwrap();

    let (mut undecided, mut decided) = (0, 0);
    for kill in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "rekey_kills::changes_keys",
                "--ignored",
                "--nocapture",
            ])
            .env(HOME, home)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let began = lines.any(|line| line.unwrap().contains("begins"));
        assert!(began, "the program did not begin");
        tokio::time::sleep(Duration::from_micros(next(&mut random) % 1_500_000)).await;
        child.kill().unwrap();
        child.wait().unwrap();

        if dir.join("vault.db.new").exists() {
            let keys = fs::read_to_string(dir.join("keys.json")).unwrap();
            if keys.contains("\"swap\"") {
                decided += 1;
            } else {
                undecided += 1;
            }
        }
        let vault = open(home).await;
        vault.verify().await.unwrap();
        assert_eq!(vault.conversation(id).await.unwrap().1, said, "kill {kill}");
        vault.tidy_keyring().await.unwrap();
        vault.close().await.unwrap();
        let by = (opens_by(home, 0).await, opens_by(home, 1).await);
        assert!(by.0 != by.1, "kill {kill}: {by:?}");
    }
    eprintln!(
        "{kills} kills with seed {seed}: {undecided} with a copy that counted for nothing, {decided} with one that was \
         yet to take its place"
    );
}

#[tokio::test]
#[ignore = "is killed by another test"]
async fn changes_keys() {
    let home = PathBuf::from(std::env::var_os(HOME).expect("started by another test"));
    let mut vault = open(&home).await;
    println!("begins");
    for round in 0_usize.. {
        // A kill may have left a passphrase at the beginning; with one, a rotation is mostly the work of Argon2.
        if vault.ways().unwrap().passphrase && round % 8 != 7 {
            vault.remove_passphrase().await.unwrap();
        }
        let secret = vault.ways().unwrap().passphrase.then(passphrase);
        vault = vault.rotate(&phrase(round), secret).await.unwrap();
        match round % 4 {
            0 => drop(vault.rewrap_keyring().await.unwrap()),
            1 => vault.set_phrase(&phrase(round + 1)).await.unwrap(),
            2 => drop(vault.set_passphrase(passphrase()).await.unwrap()),
            _ => {}
        }
    }
}
