//! Conversations from elsewhere, and the attachments that come with them.

use std::{collections::HashSet, fs, path::PathBuf};

use tandem_conversation::{MessageState, Overflow, Role, Tree};
use tandem_vault::{
    Incoming, IncomingAttachment, IncomingMessage, Place, Shelf, Vault, VaultError,
};
use uuid::Uuid;

use crate::support::{Home, answer, conversation, holds, one_conversation, question};

const DAY: i64 = 24 * 3600 * 1000;
const THEN: i64 = 1_700_000_000_000;

fn message(id: &str, parent: Option<usize>, role: Role, text: &str, day: i64) -> IncomingMessage {
    IncomingMessage {
        id: id.into(),
        parent,
        role,
        text: text.into(),
        state: MessageState::Complete,
        created_ms: THEN + day * DAY,
        receipt: None,
        attachments: Vec::new(),
    }
}

fn with_file(mut message: IncomingMessage, name: &str, bytes: &[u8]) -> IncomingMessage {
    message.attachments.push(IncomingAttachment {
        name: name.into(),
        mime: "text/plain".into(),
        bytes: bytes.into(),
    });
    message
}

fn incoming(id: &str) -> Incoming {
    Incoming {
        source: "chatgpt".into(),
        id: id.into(),
        title: "Lighthouses".into(),
        created_ms: THEN,
        folder: Some("Sea".into()),
        tags: vec!["towers".into()],
        pinned: false,
        archived: false,
        overflow: Overflow::Summarize,
        leaf: Some(2),
        messages: vec![
            with_file(
                message("q", None, Role::User, "who kept the lanterns", 0),
                "plan.txt",
                b"a plan of the tower",
            ),
            message("a1", Some(0), Role::Assistant, "a keeper", 1),
            message("a2", Some(0), Role::Assistant, "two keepers", 1),
        ],
    }
}

fn files(home: &Home) -> Vec<PathBuf> {
    match fs::read_dir(home.dir.join("attachments")) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(_) => Vec::new(),
    }
}

async fn counted(vault: &Vault) -> (usize, u32) {
    let rows = vault.conversations().await.unwrap();
    (rows.len(), rows.iter().map(|row| row.messages).sum())
}

#[tokio::test]
async fn dates_branches_folder_tags_and_attachments_are_kept() {
    let home = Home::new();
    let vault = home.create().await;
    let imported = vault.import(incoming("c")).await.unwrap();
    assert!(imported.new);
    assert_eq!((imported.messages, imported.attachments), (3, 1));
    let (row, messages) = vault.conversation(imported.conversation).await.unwrap();
    assert_eq!(row.title, "Lighthouses");
    assert_eq!(
        (row.created_ms, row.updated_ms, row.order_ms),
        (THEN, THEN + DAY, THEN + DAY)
    );
    assert_eq!(row.tags, ["towers"]);
    let folders = vault.folders().await.unwrap();
    assert_eq!(
        (folders[0].name.as_str(), row.folder),
        ("Sea", Some(folders[0].id))
    );
    assert_eq!(
        vault.overflow(imported.conversation).await.unwrap(),
        Overflow::Summarize
    );
    let texts: Vec<_> = messages
        .iter()
        .map(|m| (m.text.as_str(), m.created_ms))
        .collect();
    assert_eq!(
        texts,
        [
            ("who kept the lanterns", THEN),
            ("a keeper", THEN + DAY),
            ("two keepers", THEN + DAY)
        ]
    );
    assert_eq!(row.leaf, Some(messages[2].id));
    // Versions of one date stay in their order.
    let tree = Tree::new(messages.clone());
    assert_eq!(
        tree.siblings(messages[1].id).unwrap(),
        [messages[1].id, messages[2].id]
    );
    let attachments = vault.attachments(imported.conversation).await.unwrap();
    assert_eq!(attachments.len(), 1);
    assert_eq!(
        (attachments[0].name.as_str(), attachments[0].bytes),
        ("plan.txt", 19)
    );
    assert_eq!(attachments[0].message, messages[0].id);
    assert_eq!(
        vault.attachment(attachments[0].id).await.unwrap(),
        b"a plan of the tower"
    );
    assert_eq!(vault.search("lantern", 10).await.unwrap().len(), 1);
    vault.verify().await.unwrap();
}

#[tokio::test]
async fn a_second_import_adds_nothing_and_a_later_export_what_is_new() {
    let home = Home::new();
    let vault = home.create().await;
    let first = vault.import(incoming("c")).await.unwrap();
    let again = vault.import(incoming("c")).await.unwrap();
    assert_eq!(
        (again.new, again.messages, again.attachments),
        (false, 0, 0)
    );
    assert_eq!(again.conversation, first.conversation);
    assert_eq!((counted(&vault).await, files(&home).len()), ((1, 3), 1));
    // The same name elsewhere is another conversation.
    let other = Incoming {
        source: "claude".into(),
        ..incoming("c")
    };
    assert!(vault.import(other).await.unwrap().new);
    vault
        .rename(first.conversation, "My own title")
        .await
        .unwrap();
    let mut later = incoming("c");
    later.messages.push(with_file(
        message("q2", Some(1), Role::User, "and later?", 9),
        "more.txt",
        b"more",
    ));
    later.leaf = Some(3);
    let added = vault.import(later).await.unwrap();
    assert_eq!(
        (added.new, added.messages, added.attachments),
        (false, 1, 1)
    );
    let (row, messages) = vault.conversation(first.conversation).await.unwrap();
    assert_eq!((row.title.as_str(), messages.len()), ("My own title", 4));
    assert_eq!(
        (messages[3].parent, row.leaf),
        (Some(messages[1].id), Some(messages[3].id))
    );
    assert_eq!(row.order_ms, THEN + 9 * DAY);
    let known = vault.known("chatgpt", "c").await.unwrap().unwrap();
    let expected = ["q", "a1", "a2", "q2"].map(ToOwned::to_owned);
    assert_eq!(known, HashSet::from(expected));
    assert_eq!(vault.known("chatgpt", "unknown").await.unwrap(), None);
}

#[tokio::test]
async fn where_the_person_went_on_stays_shown() {
    let home = Home::new();
    let vault = home.create().await;
    let first = vault.import(incoming("c")).await.unwrap();
    let (row, _) = vault.conversation(first.conversation).await.unwrap();
    let mut own = question(1, first.conversation, "what of today?");
    own.parent = row.leaf;
    vault.append(&own).await.unwrap();
    let mut later = incoming("c");
    later
        .messages
        .push(message("q2", Some(1), Role::User, "and later?", 9));
    later.leaf = Some(3);
    assert_eq!(vault.import(later).await.unwrap().messages, 1);
    let (row, _) = vault.conversation(first.conversation).await.unwrap();
    assert_eq!(row.leaf, Some(own.id));
}

#[tokio::test]
async fn what_is_old_stands_where_its_date_belongs() {
    let (_home, vault, today) = one_conversation().await;
    let mut now = question(1, today, "today");
    now.created_ms = THEN + 500 * DAY;
    vault.append(&now).await.unwrap();
    let mut older = incoming("older");
    older.messages.truncate(1);
    older.leaf = Some(0);
    let older = vault.import(older).await.unwrap().conversation;
    let newer = vault.import(incoming("newer")).await.unwrap().conversation;
    let page = vault
        .page(&Shelf::default(), None::<Place>, 10)
        .await
        .unwrap();
    let ids: Vec<_> = page.rows.iter().map(|row| row.id).collect();
    assert_eq!(ids, [today, newer, older]);
}

#[tokio::test]
async fn an_own_archive_gives_back_the_same_ids_and_finds_what_is_here() {
    let (_home, vault, id) = one_conversation().await;
    let asked = question(1, id, "a question");
    let mut said = answer(2, &asked);
    said.state = MessageState::Complete;
    said.text = "an answer".into();
    vault.append_all(&[&asked, &said], None).await.unwrap();
    let own = || Incoming {
        source: "tandem".into(),
        id: id.0.to_string(),
        leaf: Some(1),
        messages: vec![
            message(&asked.id.0.to_string(), None, Role::User, "a question", 0),
            message(
                &said.id.0.to_string(),
                Some(0),
                Role::Assistant,
                "an answer",
                0,
            ),
        ],
        created_ms: THEN,
        ..Incoming::default()
    };
    let again = vault.import(own()).await.unwrap();
    assert_eq!(
        (again.conversation, again.new, again.messages),
        (id, false, 0)
    );
    let other_home = Home::new();
    let other = other_home.create().await;
    let there = other.import(own()).await.unwrap();
    assert_eq!(
        (there.conversation, there.new, there.messages),
        (id, true, 2)
    );
    let (_, messages) = other.conversation(id).await.unwrap();
    assert_eq!((messages[0].id, messages[1].id), (asked.id, said.id));
}

#[tokio::test]
async fn instructions_and_what_still_streams_are_refused_and_leave_nothing() {
    let home = Home::new();
    let vault = home.create().await;
    let mut instructed = incoming("c");
    instructed.messages[1].role = Role::System;
    assert!(matches!(
        vault.import(instructed).await,
        Err(VaultError::NoSystemMessages)
    ));
    let mut streaming = incoming("c");
    streaming.messages[1].state = MessageState::Streaming;
    assert!(matches!(
        vault.import(streaming).await,
        Err(VaultError::NotAnEnd)
    ));
    assert_eq!((counted(&vault).await, files(&home).len()), ((0, 0), 0));
}

#[tokio::test]
async fn a_deleted_attachment_is_gone_with_its_file_and_its_key() {
    let home = Home::new();
    let vault = home.create().await;
    let imported = vault.import(incoming("c")).await.unwrap();
    let kept = vault.attachments(imported.conversation).await.unwrap()[0].id;
    let path = files(&home).remove(0);
    let sealed = fs::read(&path).unwrap();
    assert!(!holds(&sealed, "plan of the tower"));
    vault
        .delete_conversation(imported.conversation)
        .await
        .unwrap();
    assert!(matches!(
        vault.attachment(kept).await,
        Err(VaultError::NoAttachment)
    ));
    assert_eq!(files(&home), [] as [PathBuf; 0]);
    // Whoever kept a copy of the file has nothing: the key is in no row, and on no page (see `erasure_tests`).
    fs::write(&path, &sealed).unwrap();
    assert!(matches!(
        vault.attachment(kept).await,
        Err(VaultError::NoAttachment)
    ));
    assert_eq!(vault.sweep_attachments().await.unwrap(), 1);
    assert_eq!(files(&home), [] as [PathBuf; 0]);
    // It may come again.
    assert!(vault.import(incoming("c")).await.unwrap().new);
}

#[tokio::test]
async fn a_deleted_branch_takes_its_attachments_along_and_no_others() {
    let home = Home::new();
    let vault = home.create().await;
    let mut both = incoming("c");
    both.messages[2] = with_file(both.messages[2].clone(), "second.txt", b"second");
    let id = vault.import(both).await.unwrap().conversation;
    let (_, messages) = vault.conversation(id).await.unwrap();
    vault.delete_branch(id, messages[2].id).await.unwrap();
    let left = vault.attachments(id).await.unwrap();
    assert_eq!((left.len(), left[0].name.as_str()), (1, "plan.txt"));
    assert_eq!(files(&home).len(), 1);
    assert_eq!(
        vault.attachment(left[0].id).await.unwrap(),
        b"a plan of the tower"
    );
}

#[tokio::test]
async fn a_changed_cut_or_missing_file_is_damage_not_an_attachment() {
    let home = Home::new();
    let vault = home.create().await;
    let id = vault.import(incoming("c")).await.unwrap().conversation;
    let attachment = vault.attachments(id).await.unwrap()[0].id;
    let path = files(&home).remove(0);
    let whole = fs::read(&path).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    for bytes in [&changed[..], &whole[..whole.len() - 1], &whole[..20], b""] {
        fs::write(&path, bytes).unwrap();
        let read = vault.attachment(attachment).await;
        assert!(matches!(read, Err(VaultError::Damaged { .. })), "{read:?}");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(
        vault.attachment(attachment).await,
        Err(VaultError::Damaged { .. })
    ));
}

#[tokio::test]
async fn an_import_that_was_cut_off_is_completed_by_the_next_without_doubles() {
    let home = Home::new();
    let vault = home.create().await;
    vault.import(incoming("first")).await.unwrap();
    // A death between two conversations: what the second one's files were is left without rows.
    vault.close().await.unwrap();
    drop(vault);
    let orphan = home
        .dir
        .join("attachments")
        .join(Uuid::from_u128(9).simple().to_string());
    fs::write(&orphan, b"half").unwrap();
    let vault = home.open().await;
    assert_eq!(vault.sweep_attachments().await.unwrap(), 1);
    assert_eq!(files(&home).len(), 1);
    for id in ["first", "second", "third"] {
        vault.import(incoming(id)).await.unwrap();
    }
    assert_eq!((counted(&vault).await, files(&home).len()), ((3, 9), 3));
    for row in vault.conversations().await.unwrap() {
        for attachment in vault.attachments(row.id).await.unwrap() {
            assert_eq!(
                vault.attachment(attachment.id).await.unwrap(),
                b"a plan of the tower"
            );
        }
    }
    vault.verify().await.unwrap();
}

#[tokio::test]
async fn a_conversation_of_another_vault_does_not_disturb() {
    let home = Home::new();
    let vault = home.create().await;
    assert!(vault.attachments(conversation(7)).await.unwrap().is_empty());
    assert_eq!(vault.sweep_attachments().await.unwrap(), 0);
}
