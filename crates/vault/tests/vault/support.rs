//! What the tests share: a keyring in memory, a fresh vault, messages with few words.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use tandem_conversation::{
    ConversationId, Message, MessageId, MessageState, Receipt, Role, Route, Summary,
};
use tandem_vault::{KeyStore, KeyringError, Protection, Unlock, Vault, VaultError};
use tempfile::TempDir;
use uuid::Uuid;
use zeroize::Zeroizing;

/// A keyring that forgets with the test.
#[derive(Default)]
pub(crate) struct MemoryKeyring {
    pub(crate) keys: Mutex<HashMap<Uuid, Vec<u8>>>,
    /// What every call answers instead.
    pub(crate) broken: Mutex<Option<KeyringError>>,
    /// What every removal answers instead.
    pub(crate) unwilling: Mutex<Option<KeyringError>>,
    /// Which program it plays.
    pub(crate) name: Mutex<Option<String>>,
    /// Takes keys and keeps none.
    pub(crate) forgetful: bool,
}

impl MemoryKeyring {
    /// The entries that hold a key; not the notes about them.
    pub(crate) fn entries(&self) -> HashMap<Uuid, Vec<u8>> {
        let mut keys = self.keys.lock().unwrap().clone();
        keys.retain(|_, held| held.len() > 16);
        keys
    }

    fn trouble(&self) -> Result<(), KeyringError> {
        self.broken.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

impl KeyStore for MemoryKeyring {
    fn read(&self, entry: Uuid) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        self.trouble()?;
        self.keys
            .lock()
            .unwrap()
            .get(&entry)
            .cloned()
            .map(Zeroizing::new)
            .ok_or(KeyringError::Missing)
    }

    fn write(&self, entry: Uuid, key: &[u8]) -> Result<(), KeyringError> {
        self.trouble()?;
        if !self.forgetful {
            let before = self.keys.lock().unwrap().insert(entry, key.to_vec());
            // Whatever a test does: no key is ever written over.
            assert!(
                before.is_none_or(|before| before.len() <= 16 || before == key),
                "a key in the keyring was overwritten"
            );
        }
        Ok(())
    }

    fn remove(&self, entry: Uuid) -> Result<(), KeyringError> {
        self.trouble()?;
        if let Some(error) = self.unwilling.lock().unwrap().clone() {
            return Err(error);
        }
        self.keys.lock().unwrap().remove(&entry);
        Ok(())
    }

    fn name(&self) -> Option<String> {
        self.name.lock().unwrap().clone()
    }
}

/// A folder for a vault and the keyring that opens it.
pub(crate) struct Home {
    _temporary: TempDir,
    pub(crate) dir: PathBuf,
    pub(crate) keys: Arc<MemoryKeyring>,
}

impl Drop for Home {
    fn drop(&mut self) {
        // A vault that a test left open is closed by SQLite's own thread. Where the process ends meanwhile, that thread
        // meets what OpenSSL has cleared away.
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("data");
        Self {
            _temporary: temporary,
            dir,
            keys: Arc::default(),
        }
    }

    pub(crate) async fn create(&self) -> Vault {
        self.try_create().await.unwrap()
    }

    pub(crate) async fn try_create(&self) -> Result<Vault, VaultError> {
        Vault::create_with(&self.dir, Protection::Keyring, self.keys.clone()).await
    }

    pub(crate) async fn open(&self) -> Vault {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> Result<Vault, VaultError> {
        Vault::open_with(&self.dir, Unlock::Keyring, self.keys.clone()).await
    }

    pub(crate) async fn go_on(&self) -> Vault {
        Vault::go_on_with(&self.dir, Unlock::Keyring, self.keys.clone())
            .await
            .unwrap()
    }

    /// Opens it with what the person knows, or with the keyring.
    pub(crate) async fn open_by(&self, unlock: Unlock) -> Result<Vault, VaultError> {
        Vault::open_with(&self.dir, unlock, self.keys.clone()).await
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// A vault with one conversation, and the id of that.
pub(crate) async fn one_conversation() -> (Home, Vault, ConversationId) {
    let home = Home::new();
    let vault = home.create().await;
    let id = conversation(1);
    vault.create_conversation(id, 1).await.unwrap();
    (home, vault, id)
}

pub(crate) fn conversation(number: u128) -> ConversationId {
    ConversationId(Uuid::from_u128(0xc000 + number))
}

pub(crate) fn message_id(number: u128) -> MessageId {
    MessageId(Uuid::from_u128(0xe000_0000 + number))
}

/// What the person said.
pub(crate) fn question(number: u128, conversation: ConversationId, text: &str) -> Message {
    Message {
        id: message_id(number),
        conversation,
        parent: None,
        role: Role::User,
        text: text.to_owned(),
        state: MessageState::Complete,
        created_ms: 1_000 + i64::try_from(number).unwrap(),
        receipt: None,
    }
}

/// An answer that streams.
pub(crate) fn answer(number: u128, to: &Message) -> Message {
    Message {
        id: message_id(number),
        parent: Some(to.id),
        role: Role::Assistant,
        text: String::new(),
        state: MessageState::Streaming,
        ..to.clone()
    }
}

pub(crate) fn receipt() -> Receipt {
    Receipt {
        route: Route::Device,
        reason: "only-device".to_owned(),
        model: "SmolLM2-135M-Instruct".to_owned(),
        prompt_tokens: 12,
        tokens: 34,
        prompt_ms: 56,
        generate_ms: 78,
        mean_logprob: Some(-0.123_456_79),
        reused_tokens: 3,
        accepted_tokens: 3,
        unseen_messages: 9,
        summary: Some(Summary {
            messages: 9,
            text: "It was about the sea.".into(),
        }),
    }
}

/// Whether `bytes` holds `word`.
pub(crate) fn holds(bytes: &[u8], word: &str) -> bool {
    bytes
        .windows(word.len())
        .any(|window| window == word.as_bytes())
}

/// Every file under `dir`, with its bytes.
pub(crate) fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    entries
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

/// A shell command that ends in this program, running the one ignored test `test`.
pub(crate) fn inside(test: &str, before: &str) -> String {
    let this = std::env::current_exe().unwrap();
    format!(
        "{before} && exec '{}' --exact {test} --ignored --nocapture",
        this.display()
    )
}

/// Whether `program` can be started at all.
pub(crate) fn can_run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .output()
        .is_ok_and(|output| output.status.success())
}
