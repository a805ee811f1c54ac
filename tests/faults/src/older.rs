//! A vault that an older Tandem made: opening it brings it up to date.
//!
//! `data/older` was written by the program of commit 248959f, the last one whose database had the first step alone.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde::Deserialize;
use tandem_conversation::{ConversationId, Message, MessageId, MessageState, Role};
use uuid::Uuid;

use crate::{
    keyring::FileKeys,
    ledger::{Entry, Ledger},
};

const KEY_FILE: &[u8] = include_bytes!("../data/older/keys.json");
const DATABASE: &[u8] = include_bytes!("../data/older/vault.db");
const KEY: &[u8] = include_bytes!("../data/older/key");

/// The part of `keys.json` that says whose key it is.
#[derive(Deserialize)]
struct Named {
    vault: Uuid,
}

/// Lays the older vault in `dir`, its key in the keyring's folder, and says what it holds.
pub fn lay(dir: &Path, keys: &Path) -> Result<Ledger> {
    fs::create_dir_all(dir)?;
    fs::write(dir.join("keys.json"), KEY_FILE)?;
    fs::write(dir.join("vault.db"), DATABASE)?;
    let Named { vault } = serde_json::from_slice(KEY_FILE).context("data/older/keys.json")?;
    fs::write(FileKeys::new(keys).path(vault), KEY)?;
    Ok(ledger())
}

/// What the older program wrote, by the same rule.
fn ledger() -> Ledger {
    let mut ledger = Ledger::default();
    for c in 0..4_u8 {
        let conversation = ConversationId(Uuid::from_u128(0xc0 + u128::from(c)));
        let at = 1_700_000_000_000 + i64::from(c) * 1_000;
        let mut entry = Entry {
            title: format!("older conversation {c}"),
            ..Entry::default()
        };
        for m in 0..15_u8 {
            let id = MessageId(Uuid::from_u128(
                0x1000 + u128::from(c) * 0x100 + u128::from(m),
            ));
            entry.messages.push(Message {
                id,
                conversation,
                parent: entry.leaf,
                role: if m % 2 == 0 {
                    Role::User
                } else {
                    Role::Assistant
                },
                text: format!(
                    "message {m} of {c}: {}",
                    "an older word, 東京の天気 ".repeat(usize::from(m) * 2)
                ),
                state: MessageState::Complete,
                created_ms: at + i64::from(m),
                receipt: None,
            });
            entry.leaf = Some(id);
        }
        ledger.conversations.insert(conversation, entry);
    }
    ledger
        .settings
        .insert("theme".to_owned(), "\"dark\"".to_owned());
    ledger
}
