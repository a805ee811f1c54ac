//! Lists come in pages, in an order that no clock changes, with counters that are right.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use tandem_conversation::{ConversationId, Message};
use tandem_vault::{ConversationRow, Shelf, Vault};

use crate::support::{Home, conversation, message_id, question};

/// All pages of a shelf, `limit` rows each.
pub(crate) async fn all(vault: &Vault, shelf: &Shelf, limit: u32) -> Vec<ConversationRow> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = vault.page(shelf, after, limit).await.unwrap();
        assert!(page.rows.len() <= limit as usize);
        assert!(page.next.is_none() || page.rows.len() == limit as usize);
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return rows;
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Say(u128, i64),
    Pin(u128, bool),
    Archive(u128, bool),
    Tag(u128, bool),
    File(u128, bool),
    Delete(u128),
    DeleteBranch(u128),
}

/// Ten years each way: clocks jump.
const JUMP: i64 = 10 * 365 * 86_400_000;
const FOLDER: uuid::Uuid = uuid::Uuid::from_u128(0xf0);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let c = || 0..6_u128;
    let step = prop_oneof![
        6 => (c(), -JUMP..JUMP).prop_map(|(id, at)| Step::Say(id, at)),
        1 => (c(), any::<bool>()).prop_map(|(id, on)| Step::Pin(id, on)),
        1 => (c(), any::<bool>()).prop_map(|(id, on)| Step::Archive(id, on)),
        1 => (c(), any::<bool>()).prop_map(|(id, on)| Step::Tag(id, on)),
        1 => (c(), any::<bool>()).prop_map(|(id, on)| Step::File(id, on)),
        1 => c().prop_map(Step::Delete),
        1 => (0..40_u128).prop_map(Step::DeleteBranch),
    ];
    vec(step, 1..40)
}

/// What a conversation is, as far as lists show it.
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own")]
struct Told {
    said: usize,
    messages: Vec<Message>,
    pinned: bool,
    archived: bool,
    tagged: bool,
    filed: bool,
}

/// Takes the step in both. `number` counts what is said.
async fn take(
    vault: &Vault,
    told: &mut BTreeMap<ConversationId, Told>,
    step: &Step,
    number: usize,
) {
    let one = |id: u128| [conversation(id)];
    match *step {
        Step::Say(c, at) => {
            let id = conversation(c);
            if !told.contains_key(&id) {
                vault.create_conversation(id, at).await.unwrap();
            }
            let entry = told.entry(id).or_default();
            let message = Message {
                created_ms: at,
                parent: entry.messages.last().map(|message| message.id),
                ..question(number as u128, id, "said")
            };
            vault.append(&message).await.unwrap();
            entry.said = number;
            entry.messages.push(message);
        }
        Step::Delete(c) => {
            let known = told.remove(&conversation(c)).is_some();
            assert_eq!(
                vault.delete_conversation(conversation(c)).await.is_ok(),
                known
            );
        }
        Step::DeleteBranch(number) => {
            let id = message_id(number);
            for (of, entry) in told.iter_mut() {
                let at = entry.messages.iter().position(|message| message.id == id);
                assert_eq!(vault.delete_branch(*of, id).await.is_ok(), at.is_some());
                // Each follows the one before it: all from here on goes.
                entry.messages.truncate(at.unwrap_or(entry.messages.len()));
            }
        }
        Step::Pin(c, on) => mark(&vault.pin(&one(c), on).await, told, c, |t| t.pinned = on),
        Step::Archive(c, on) => mark(&vault.archive(&one(c), on).await, told, c, |t| {
            t.archived = on;
        }),
        Step::Tag(c, on) => mark(&vault.tag(&one(c), "Bird", on).await, told, c, |t| {
            t.tagged = on;
        }),
        Step::File(c, on) => mark(
            &vault.file(&one(c), on.then_some(FOLDER)).await,
            told,
            c,
            |t| t.filed = on,
        ),
    }
}

fn mark(
    done: &Result<(), tandem_vault::VaultError>,
    told: &mut BTreeMap<ConversationId, Told>,
    number: u128,
    change: impl FnOnce(&mut Told),
) {
    let entry = told.get_mut(&conversation(number));
    assert_eq!(done.is_ok(), entry.is_some(), "{done:?}");
    if let Some(entry) = entry {
        change(entry);
    }
}

async fn compare(vault: &Vault, told: &BTreeMap<ConversationId, Told>, limit: u32) {
    for shelf in [
        (false, false, false),
        (false, false, true),
        (false, true, false),
        (true, false, false),
        (true, true, true),
    ] {
        let (folder, tag, archived) = shelf;
        let mut expected: Vec<_> = told
            .iter()
            .filter(|(_, told)| told.archived == archived)
            .filter(|(_, told)| (!folder || told.filed) && (!tag || told.tagged))
            .collect();
        expected.sort_by_key(|(_, told)| std::cmp::Reverse((told.pinned, told.said)));
        let shelf = Shelf {
            folder: folder.then_some(FOLDER),
            // Case doesn't count.
            tag: tag.then(|| "bird".to_owned()),
            archived,
        };
        let rows = all(vault, &shelf, limit).await;
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        assert_eq!(ids, expected.iter().map(|(id, _)| **id).collect::<Vec<_>>());
        for (row, (_, told)) in rows.iter().zip(expected) {
            assert_eq!(row.messages as usize, told.messages.len());
            assert_eq!(row.leaf, told.messages.last().map(|message| message.id));
            assert_eq!(
                (row.pinned, row.archived, row.folder.is_some()),
                (told.pinned, told.archived, told.filed)
            );
            assert_eq!(row.tags.len(), usize::from(told.tagged));
        }
    }
    let counted = |kept: bool| {
        u32::try_from(
            told.values()
                .filter(|t| if kept { t.filed } else { t.tagged })
                .count(),
        )
        .unwrap()
    };
    assert_eq!(
        vault.folders().await.unwrap()[0].conversations,
        counted(true)
    );
    let tags = vault.tags().await.unwrap();
    assert_eq!(
        tags.first().map_or(0, |tag| tag.conversations),
        counted(false)
    );
}

#[test]
fn pages_are_the_list_whatever_happens_and_whatever_the_clock_says() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let run = runner.run(&(steps(), 1..5_u32), |(steps, limit)| {
        runtime.block_on(async {
            let home = Home::new();
            let vault = home.create().await;
            vault.create_folder(FOLDER, "Birds").await.unwrap();
            let mut told = BTreeMap::new();
            for (number, step) in steps.iter().enumerate() {
                take(&vault, &mut told, step, number).await;
            }
            compare(&vault, &told, limit).await;
            vault.verify().await.unwrap();
        });
        Ok(())
    });
    run.unwrap();
}

#[tokio::test]
async fn a_page_goes_on_where_the_last_ended_though_rows_moved() {
    let home = Home::new();
    let vault = home.create().await;
    for number in 0..10 {
        vault
            .create_conversation(conversation(number), 1)
            .await
            .unwrap();
    }
    let shelf = Shelf::default();
    let first = vault.page(&shelf, None, 4).await.unwrap();
    // One that was seen goes, one that wasn't comes to the top.
    vault.delete_conversation(conversation(6)).await.unwrap();
    vault
        .append(&question(1, conversation(2), "up"))
        .await
        .unwrap();
    let second = vault.page(&shelf, first.next, 4).await.unwrap();
    let numbers = |rows: &[ConversationRow]| -> Vec<u128> {
        rows.iter().map(|row| row.id.0.as_u128() - 0xc000).collect()
    };
    assert_eq!(numbers(&first.rows), [9, 8, 7, 6]);
    assert_eq!(numbers(&second.rows), [5, 4, 3, 1]);
    assert_eq!(second.rows.len(), 4);
}

#[tokio::test]
async fn what_was_imported_goes_where_its_date_belongs() {
    let home = Home::new();
    let vault = home.create().await;
    for (number, at) in [(1, 1_000), (2, 3_000), (3, 2_000)] {
        vault
            .create_conversation(conversation(number), at)
            .await
            .unwrap();
    }
    vault
        .order_by_date(&[conversation(3), conversation(9)])
        .await
        .unwrap();
    let rows = all(&vault, &Shelf::default(), 10).await;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids, [conversation(2), conversation(3), conversation(1)]);
}
