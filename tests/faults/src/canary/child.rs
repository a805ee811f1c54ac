//! The process that tells a vault what the parent says, and keeps no copy of its own.

use std::{
    fs::File,
    io::Read,
    os::fd::AsFd,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tandem_conversation::{ConversationId, Message, MessageId, MessageState, Role};
use tandem_vault::{Incoming, IncomingAttachment, IncomingMessage, KeyStore, Protection, Vault};
use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

use crate::{
    act,
    campaign::wait_for,
    keyring::FileKeys,
    lines::{Line, say},
};

/// What the parent asks for.
#[derive(Args, Debug)]
pub struct Orders {
    /// The vault's folder.
    dir: PathBuf,
    /// The keyring's folder.
    keys: PathBuf,
    /// Where the log goes.
    log: PathBuf,
}

/// How a canary is told to a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A message.
    Message,
    /// A title.
    Title,
    /// An answer, word by word.
    Stream,
    /// A search that finds nothing.
    Search,
    /// A message of a conversation that is deleted.
    Deleted,
    /// A message of a branch that is deleted.
    Branch,
    /// A setting.
    Setting,
    /// A folder's name.
    Folder,
    /// A tag.
    Tag,
    /// What the engine computed.
    State,
    /// An imported message.
    Imported,
    /// A file attached to one.
    Attached,
    /// A draft.
    Draft,
    /// A message that is in a backup.
    BackedUp,
    /// Nothing of the vault: it is kept in memory, where it must be found.
    Held,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Message,
        Self::Title,
        Self::Stream,
        Self::Search,
        Self::Deleted,
        Self::Branch,
        Self::Setting,
        Self::Folder,
        Self::Tag,
        Self::State,
        Self::Imported,
        Self::Attached,
        Self::Draft,
        Self::BackedUp,
        Self::Held,
    ];

    /// Its letter on the wire.
    pub fn letter(self) -> char {
        match self {
            Self::Message => 'm',
            Self::Title => 't',
            Self::Stream => 's',
            Self::Search => 'q',
            Self::Deleted => 'd',
            Self::Branch => 'b',
            Self::Setting => 'k',
            Self::Folder => 'f',
            Self::Tag => 'g',
            Self::State => 'e',
            Self::Imported => 'i',
            Self::Attached => 'a',
            Self::Draft => 'r',
            Self::BackedUp => 'u',
            Self::Held => 'h',
        }
    }

    /// What reports call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Message => "a message",
            Self::Title => "a title",
            Self::Stream => "a streamed answer",
            Self::Search => "a search",
            Self::Deleted => "a deleted conversation",
            Self::Branch => "a deleted branch",
            Self::Setting => "a setting",
            Self::Folder => "a folder",
            Self::Tag => "a tag",
            Self::State => "an engine's state",
            Self::Imported => "an imported message",
            Self::Attached => "an attachment",
            Self::Draft => "a draft",
            Self::BackedUp => "a message in a backup",
            Self::Held => "a word that is held",
        }
    }

    fn of(letter: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|way| letter.chars().eq([way.letter()]))
    }
}

/// Tells until it is told to close.
pub fn run(orders: &Orders) -> Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(Mutex::new(File::create(&orders.log)?))
        .init();
    wait_for(tell(orders))
}

async fn tell(orders: &Orders) -> Result<()> {
    prove_capture().await?;
    let keys: Arc<dyn KeyStore> = Arc::new(FileKeys::new(&orders.keys));
    let vault = Vault::create_with(&orders.dir, Protection::Keyring, keys).await?;
    say(&Line::Open);
    // Without a buffer: it would keep what went through it.
    let mut input = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let mut random = fastrand::Rng::with_seed(1);
    let mut held: Vec<Zeroizing<String>> = Vec::new();
    loop {
        let line = line(&mut input)?;
        let Some((letter, sentence)) = line.split_once(' ') else {
            break;
        };
        match Way::of(letter).context("no such way")? {
            Way::Held => held.push(Zeroizing::new(sentence.to_owned())),
            way => one(&vault, &mut random, way, sentence).await?,
        }
        say(&Line::Done);
    }
    vault.close().await?;
    drop(vault);
    say(&Line::Closed);
    // The parent looks into the memory of this process now.
    input.read_to_end(&mut Vec::new())?;
    drop(held);
    Ok(())
}

/// Statements of another database are logged, at the lowest level and from sqlx's own thread: so what isn't in the log
/// of the vault's would have been.
async fn prove_capture() -> Result<()> {
    let mut other = SqliteConnectOptions::new()
        .in_memory(true)
        .log_statements(log::LevelFilter::Trace)
        .connect()
        .await?;
    sqlx::query("SELECT 'this statement is logged'")
        .execute(&mut other)
        .await?;
    Ok(other.close().await?)
}

fn line(input: &mut File) -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(1_024));
    let mut byte = [0];
    loop {
        if input.read(&mut byte)? == 0 {
            bail!("the parent is gone");
        }
        if byte == *b"\n" {
            break;
        }
        bytes.push(byte[0]);
    }
    Ok(Zeroizing::new(std::str::from_utf8(&bytes)?.to_owned()))
}

async fn one(vault: &Vault, random: &mut fastrand::Rng, way: Way, sentence: &str) -> Result<()> {
    let conversation = ConversationId(act::uuid(random));
    vault.create_conversation(conversation, 1).await?;
    let mut first = message(random, conversation, None, "plain");
    first.state = MessageState::Complete;
    vault.append(&first).await?;
    match way {
        Way::Imported | Way::Attached => import(vault, random, way, sentence).await?,
        Way::Draft => vault.set_draft(Some(conversation), sentence).await?,
        Way::Message | Way::Deleted | Way::Branch | Way::BackedUp => {
            let mut told = message(random, conversation, Some(first.id), sentence);
            let appended = vault.append(&told).await;
            told.text.zeroize();
            appended?;
            match way {
                Way::Deleted => vault.delete_conversation(conversation).await?,
                Way::BackedUp => {
                    vault
                        .back_up(random.i64(1_000_000_000_000..2_000_000_000_000))
                        .await?;
                }
                Way::Branch => vault.delete_branch(conversation, told.id).await?,
                _ => {}
            }
        }
        Way::Title => vault.rename(conversation, sentence).await?,
        Way::Stream => {
            let answer = Message {
                role: Role::Assistant,
                state: MessageState::Streaming,
                ..message(random, conversation, Some(first.id), "")
            };
            vault.append(&answer).await?;
            vault.checkpoint(answer.id, sentence).await?;
            vault
                .finish(answer.id, sentence, MessageState::Complete, None)
                .await?;
        }
        Way::Search => {
            vault.search(sentence, 10).await?;
        }
        Way::Setting => {
            let key = Uuid::from_u128(random.u128(..)).to_string();
            vault.set_setting(&key, sentence).await?;
        }
        Way::Folder => {
            vault
                .create_folder(Uuid::from_u128(random.u128(..)), sentence)
                .await?;
        }
        Way::Tag => vault.tag(&[conversation], sentence, true).await?,
        Way::State => {
            let states = vault.states();
            states.put(conversation, "model", sentence.as_bytes())?;
            let back = states.get(conversation, "model").map(Zeroizing::new);
            if back.is_none_or(|back| back.as_slice() != sentence.as_bytes()) {
                bail!("a state didn't come back");
            }
        }
        Way::Held => {}
    }
    Ok(())
}

async fn import(vault: &Vault, random: &mut fastrand::Rng, way: Way, sentence: &str) -> Result<()> {
    let (text, bytes) = match way {
        Way::Imported => (sentence, "plain"),
        _ => ("plain", sentence),
    };
    let incoming = Incoming {
        source: "chatgpt".to_owned(),
        id: act::uuid(random).to_string(),
        messages: vec![IncomingMessage {
            id: "1".to_owned(),
            parent: None,
            role: Role::User,
            text: text.to_owned(),
            state: MessageState::Complete,
            created_ms: 1,
            receipt: None,
            attachments: vec![IncomingAttachment {
                name: "file.txt".to_owned(),
                mime: "text/plain".to_owned(),
                bytes: bytes.as_bytes().to_vec(),
            }],
        }],
        ..Incoming::default()
    };
    vault.import(incoming).await?;
    Ok(())
}

fn message(
    random: &mut fastrand::Rng,
    conversation: ConversationId,
    parent: Option<MessageId>,
    text: &str,
) -> Message {
    Message {
        id: MessageId(act::uuid(random)),
        conversation,
        parent,
        role: Role::User,
        text: text.to_owned(),
        state: MessageState::Complete,
        created_ms: 1,
        receipt: None,
    }
}
