//! A clock that jumps ten years forth and back between appends: what was said keeps its order.

use std::sync::Arc;

use anyhow::Result;
use tandem_conversation::{ConversationId, Message, MessageId, Role};
use tandem_vault::{KeyStore, Shelf, Unlock, Vault};

use crate::{
    act::{self, Act},
    campaign::{Campaign, wait_for},
    fresh,
    ground::Ground,
    keyring::FileKeys,
    ledger::Ledger,
    tally::Tally,
};

/// Ten years, in milliseconds.
const TEN_YEARS: i64 = 3_653 * 24 * 3_600 * 1_000;
/// Where the clock starts: 2026-11-24.
const NOW: i64 = 1_795_478_400_000;
/// Conversations side by side, and appends.
const CONVERSATIONS: usize = 6;
const APPENDS: usize = 40;

/// The campaign: a case is a vault with 40 appends and a clock that jumps between them.
pub struct Clock;

impl Campaign for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn what(&self) -> &'static str {
        "clock jumps of up to ten years, forth and back, between appends: messages and lists keep the order of saying"
    }

    fn cases(&self, full: bool) -> u64 {
        if full { 500 } else { 20 }
    }

    fn case(&self, ground: &Ground, number: u64) -> Result<Tally> {
        let folder = ground.folder()?;
        let keys: Arc<dyn KeyStore> = Arc::new(FileKeys::new(folder.path()));
        let dir = folder.path().join("vault");
        let mut random = ground.random(self.name(), number);
        fresh::lay(ground, &dir, folder.path())?;
        wait_for(async {
            let mut tally = Tally::default();
            let vault = Vault::open_with(&dir, Unlock::Keyring, keys.clone()).await?;
            let mut ledger = Ledger::default();
            // The order of the last appends, oldest first, and the messages in the order of saying.
            let mut order: Vec<ConversationId> = Vec::new();
            let mut clock = NOW;
            for _ in 0..CONVERSATIONS {
                clock = jump(&mut random, &mut tally);
                let id = ConversationId(act::uuid(&mut random));
                let act = Act::Create { id, at: clock };
                act.carry_out(&vault).await?;
                ledger.apply(&act);
                order.push(id);
                check(&vault, &order, &mut tally).await?;
            }
            for _ in 0..APPENDS {
                // Now and then it stands still: then two things have the same time.
                if random.u8(..4) > 0 {
                    clock = jump(&mut random, &mut tally);
                }
                let at = random.usize(..order.len());
                let id = order.remove(at);
                order.push(id);
                let message = Message {
                    created_ms: clock,
                    ..act::message(&mut random, &ledger, id, Role::User)
                };
                let act = Act::Append {
                    messages: vec![message],
                    title: None,
                };
                act.carry_out(&vault).await?;
                ledger.apply(&act);
                check(&vault, &order, &mut tally).await?;
            }
            vault.close().await?;
            let vault = Vault::open_with(&dir, Unlock::Keyring, keys).await?;
            check(&vault, &order, &mut tally).await?;
            for (&id, entry) in &ledger.conversations {
                let ids = |messages: &[Message]| -> Vec<MessageId> {
                    messages.iter().map(|message| message.id).collect()
                };
                let (_, messages) = vault.conversation(id).await?;
                if ids(&messages) != ids(&entry.messages) {
                    tally.fail("order", "messages come in another order");
                }
            }
            vault.close().await?;
            Ok(tally)
        })
    }
}

fn jump(random: &mut fastrand::Rng, tally: &mut Tally) -> i64 {
    tally.count("jumps");
    NOW + random.i64(-TEN_YEARS..=TEN_YEARS)
}

/// The list shows what was written last first, whatever the clock said.
async fn check(vault: &Vault, order: &[ConversationId], tally: &mut Tally) -> Result<()> {
    let page = vault.page(&Shelf::default(), None, 100).await?;
    let shown: Vec<_> = page.rows.iter().map(|row| row.id).collect();
    judge(order, &shown, tally);
    Ok(())
}

fn judge(order: &[ConversationId], shown: &[ConversationId], tally: &mut Tally) {
    tally.count("lists looked at");
    if !order.iter().rev().eq(shown) {
        tally.fail("order", "the list shows another order");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_order_is_seen() {
        let ids = [1, 2].map(|number| ConversationId(uuid::Uuid::from_u128(number)));
        let mut tally = Tally::default();
        judge(&ids, &[ids[1], ids[0]], &mut tally);
        assert_eq!(tally.failed, 0);
        judge(&ids, &ids, &mut tally);
        assert_eq!(tally.failed, 1);
    }
}
