//! Two vaults with the same many messages, one sealed and one plain. Made once and kept in the temporary folder.

use std::{
    fs::{self, File},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context, Result};
use tandem_conversation::{ConversationId, Message, MessageId, MessageState, Receipt, Role, Route};
use tandem_tests::corpus::Corpus;
use tandem_vault::{KeyStore, KeyringError, Protection, Status, Unlock, Vault};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Counts the ways in which they are made.
const WAY: u32 = 1;
const EACH: usize = 20;
/// Two years of conversations, ending at a fixed day.
const BEGIN_MS: i64 = 1_700_000_000_000;
const SPAN_MS: i64 = 2 * 365 * 86_400_000;

/// The two vaults.
pub(crate) struct Large {
    dir: PathBuf,
    pub(crate) conversations: usize,
}

impl Large {
    /// Those with so many messages; made now when they are missing.
    pub(crate) async fn made(messages: usize) -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("tandem-bench-vault-{WAY}-{messages}"));
        let large = Self {
            dir,
            conversations: messages / EACH,
        };
        if large.dir.join("made").exists() {
            return Ok(large);
        }
        println!("  making {messages} messages, once; it goes on where it was interrupted");
        fs::create_dir_all(&large.dir)?;
        let keys = Arc::new(FileKey(large.dir.join("key")));
        let dir = large.dir.join("sealed");
        let sealed = match Vault::status(&dir) {
            Status::None => Vault::create_with(&dir, Protection::Keyring, keys).await?,
            _ => large.sealed().await?,
        };
        let plain = large.plain().await?;
        let all = large.conversations;
        let one = tokio::spawn(fill(sealed, all));
        let other = tokio::spawn(fill(plain, all));
        one.await??;
        other.await??;
        fs::write(large.dir.join("made"), "")?;
        Ok(large)
    }

    pub(crate) async fn sealed(&self) -> Result<Vault> {
        let keys = Arc::new(FileKey(self.dir.join("key")));
        Ok(Vault::open_with(&self.dir.join("sealed"), Unlock::Keyring, keys).await?)
    }

    pub(crate) async fn plain(&self) -> Result<Vault> {
        Ok(Vault::plain_twin(&self.dir.join("plain")).await?)
    }

    /// Bytes of a database.
    pub(crate) fn bytes(&self, which: &str) -> Result<u64> {
        Ok(fs::metadata(self.dir.join(which).join("vault.db"))?.len())
    }

    /// Has the system drop what it holds of the sealed database in memory.
    pub(crate) fn forget(&self) -> Result<()> {
        let file = File::open(self.dir.join("sealed/vault.db"))?;
        #[cfg(target_os = "linux")]
        {
            rustix::fs::fdatasync(&file)?;
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        }
        drop(file);
        Ok(())
    }
}

/// The id of a conversation by its number.
pub(crate) fn conversation(number: usize) -> ConversationId {
    ConversationId(Uuid::from_u128(0x0190_0000 << 96 | number as u128))
}

async fn fill(vault: Vault, conversations: usize) -> Result<()> {
    let mut corpus = Corpus::new(1);
    let there = vault.ids().await?.len();
    for number in 0..conversations {
        let id = conversation(number);
        let part = i64::try_from(number)? * (SPAN_MS / i64::try_from(conversations)?);
        let created_ms = BEGIN_MS + part;
        let language = corpus.language();
        let messages: Vec<Message> = (0..EACH)
            .map(|at| message(&mut corpus, language, number, at, created_ms))
            .collect();
        if number >= there {
            vault.create_conversation(id, created_ms).await?;
        } else if number + 1 < there || vault.conversation(id).await?.0.messages > 0 {
            continue;
        }
        let title = messages[0].text.chars().take(60).collect::<String>();
        vault
            .append_all(&messages.iter().collect::<Vec<_>>(), Some(&title))
            .await?;
    }
    vault
        .close()
        .await
        .context("the large vault can't be closed")
}

fn message(
    corpus: &mut Corpus,
    language: usize,
    number: usize,
    at: usize,
    created_ms: i64,
) -> Message {
    let answer = at % 2 == 1;
    let id = |at: usize| MessageId(Uuid::from_u128((number * EACH + at) as u128 + 1));
    Message {
        id: id(at),
        conversation: conversation(number),
        parent: at.checked_sub(1).map(id),
        role: if answer { Role::Assistant } else { Role::User },
        text: corpus.text(language, answer),
        state: MessageState::Complete,
        created_ms: created_ms + i64::try_from(at).unwrap_or_default() * 1_000,
        receipt: answer.then(|| Receipt {
            route: Route::Device,
            reason: "only-device".to_owned(),
            model: ["SmolLM2 135M", "Qwen2.5 Coder 0.5B"][number % 2].to_owned(),
            prompt_tokens: 120,
            reused_tokens: 0,
            tokens: 200,
            accepted_tokens: 0,
            prompt_ms: 300,
            generate_ms: 2_000,
            mean_logprob: Some(-0.4),
            unseen_messages: 0,
            summary: None,
        }),
    }
}

/// A keyring of one key, in a file.
struct FileKey(PathBuf);

impl KeyStore for FileKey {
    fn read(&self, _: Uuid) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        fs::read(&self.0)
            .map(Zeroizing::new)
            .map_err(|_| KeyringError::Missing)
    }

    fn write(&self, _: Uuid, key: &[u8]) -> Result<(), KeyringError> {
        fs::write(&self.0, key).map_err(|error| KeyringError::Other(error.to_string()))
    }
}
