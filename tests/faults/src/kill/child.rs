//! The process that is killed: it works on a vault, and says what it tries and what was acknowledged.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Result;
use clap::{Args, ValueEnum};
use tandem_conversation::{Message, MessageId, MessageState, Role};
use tandem_vault::{KeyStore, Phrase, Protection, Status, Unlock, Vault, VaultError};
use tokio::time::{Instant, MissedTickBehavior};

use crate::{
    act::{self, Act},
    campaign::wait_for,
    keyring::FileKeys,
    ledger::Ledger,
    lines::{Line, say},
};

/// What it works at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// One act after the other, as fast as they go, with a close and a start in between.
    Acts,
    /// An answer that comes word by word, and is kept as the assistant keeps it.
    Stream,
    /// A vault that is made, or opened and brought up to date.
    Begin,
    /// Imports and backups.
    Copies,
    /// New keys, again and again.
    Rotate,
}

/// What the parent asks for.
#[derive(Args, Debug)]
pub struct Orders {
    work: Work,
    /// The vault's folder.
    dir: PathBuf,
    /// The keyring's folder.
    keys: PathBuf,
    seed: u64,
}

/// Works until it is killed, or has nothing left to do.
pub fn run(orders: &Orders) -> Result<()> {
    wait_for(work(orders))
}

async fn work(orders: &Orders) -> Result<()> {
    let keys: Arc<dyn KeyStore> = Arc::new(FileKeys::new(&orders.keys));
    let mut random = fastrand::Rng::with_seed(orders.seed);
    let done = match orders.work {
        Work::Acts => acts(orders, keys, &mut random).await,
        Work::Stream => stream(orders, keys, &mut random).await,
        Work::Begin => begin(orders, keys, &mut random).await,
        Work::Copies => copies(orders, keys, &mut random).await,
        Work::Rotate => rotate(orders, keys, &mut random).await,
    };
    match done {
        Ok(()) => say(&Line::End),
        Err(error) => say(&Line::Refused(error.code().to_owned(), error.to_string())),
    }
    Ok(())
}

async fn open(orders: &Orders, keys: Arc<dyn KeyStore>) -> Result<Vault, VaultError> {
    let vault = Vault::open_with(&orders.dir, Unlock::Keyring, keys).await?;
    say(&Line::Open);
    Ok(vault)
}

async fn close(vault: &Vault) -> Result<(), VaultError> {
    say(&Line::Closing);
    vault.close().await?;
    say(&Line::Closed);
    Ok(())
}

async fn carry_out(act: &Act, vault: &Vault, ledger: &mut Ledger) -> Result<(), VaultError> {
    say(&Line::Try(act.clone()));
    act.carry_out(vault).await?;
    say(&Line::Done);
    ledger.apply(act);
    Ok(())
}

async fn acts(
    orders: &Orders,
    keys: Arc<dyn KeyStore>,
    random: &mut fastrand::Rng,
) -> Result<(), VaultError> {
    for _ in 0..3 {
        let vault = open(orders, keys.clone()).await?;
        let mut ledger = Ledger::read(&vault).await?;
        for _ in 0..random.usize(5..40) {
            let act = Act::next(random, &ledger);
            carry_out(&act, &vault, &mut ledger).await?;
        }
        close(&vault).await?;
    }
    Ok(())
}

async fn copies(
    orders: &Orders,
    keys: Arc<dyn KeyStore>,
    random: &mut fastrand::Rng,
) -> Result<(), VaultError> {
    let vault = open(orders, keys).await?;
    let mut ledger = Ledger::read(&vault).await?;
    for _ in 0..10 {
        for act in [
            Act::import(random),
            Act::back_up(random),
            Act::next(random, &ledger),
        ] {
            carry_out(&act, &vault, &mut ledger).await?;
        }
    }
    close(&vault).await
}

async fn rotate(
    orders: &Orders,
    keys: Arc<dyn KeyStore>,
    random: &mut fastrand::Rng,
) -> Result<(), VaultError> {
    let mut vault = open(orders, keys).await?;
    let mut ledger = Ledger::read(&vault).await?;
    for _ in 0..3 {
        let act = Act::next(random, &ledger);
        carry_out(&act, &vault, &mut ledger).await?;
        say(&Line::Rotating);
        vault = vault.rotate(&Phrase::random()?, None).await?;
        say(&Line::Rotated);
    }
    close(&vault).await
}

async fn begin(
    orders: &Orders,
    keys: Arc<dyn KeyStore>,
    random: &mut fastrand::Rng,
) -> Result<(), VaultError> {
    let vault = match Vault::status(&orders.dir) {
        Status::None => {
            let vault = Vault::create_with(&orders.dir, Protection::Keyring, keys).await?;
            say(&Line::Open);
            vault
        }
        _ => open(orders, keys).await?,
    };
    let mut ledger = Ledger::read(&vault).await?;
    for _ in 0..3 {
        let act = Act::next(random, &ledger);
        carry_out(&act, &vault, &mut ledger).await?;
    }
    close(&vault).await
}

async fn stream(
    orders: &Orders,
    keys: Arc<dyn KeyStore>,
    random: &mut fastrand::Rng,
) -> Result<(), VaultError> {
    let vault = open(orders, keys).await?;
    let mut ledger = Ledger::read(&vault).await?;
    if ledger.conversations.is_empty() {
        carry_out(&Act::create(random), &vault, &mut ledger).await?;
    }
    let Some(&id) = ledger.conversations.keys().next() else {
        return Ok(());
    };
    let question = act::message(random, &ledger, id, Role::User);
    let answer = Message {
        id: MessageId(act::uuid(random)),
        parent: Some(question.id),
        role: Role::Assistant,
        text: String::new(),
        state: MessageState::Streaming,
        ..question.clone()
    };
    let id = answer.id;
    let both = Act::Append {
        messages: vec![question, answer],
        title: None,
    };
    carry_out(&both, &vault, &mut ledger).await?;
    // As the assistant drives a turn: one task, pieces and checkpoints in turn, and pieces wait while one is written.
    let began = Instant::now();
    let mut text = String::new();
    let mut due = tokio::time::interval(tandem_assistant::CHECKPOINT);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut piece = tokio::time::interval(Duration::from_millis(random.u64(2..12)));
    piece.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while began.elapsed() < Duration::from_millis(900) {
        tokio::select! {
            biased;
            _ = due.tick() => {
                let act = Act::Checkpoint { id, text: text.clone() };
                carry_out(&act, &vault, &mut ledger).await?;
            }
            _ = piece.tick() => {
                text.push_str(&act::word(random));
                text.push(' ');
                let at = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                say(&Line::Piece(text.len(), at));
            }
        }
    }
    let state = MessageState::Complete;
    carry_out(&Act::Finish { id, text, state }, &vault, &mut ledger).await?;
    close(&vault).await
}
