//! Out of one vault and into another: everything is the same there.
#![allow(clippy::unwrap_used)]

use std::{collections::HashMap, ops::ControlFlow, path::Path};

use tandem_conversation::{
    ConversationId, Message, MessageId, MessageState, Overflow, Receipt, Role, Route,
};
use tandem_exchange::{Export, Format, LeftOut, Target, Writer};
use tandem_vault::{ConversationRow, Imported, Protection, Vault};
use uuid::Uuid;

use super::{bring, send};
use crate::conversations::now_ms;

async fn vault(dir: &Path) -> Vault {
    let protection = Protection::Passphrase("correct horse".to_owned().into());
    Vault::create(dir, protection).await.unwrap()
}

/// Imports everything in `path`.
async fn import(vault: &Vault, path: &Path, passphrase: Option<&str>) -> Vec<Imported> {
    let mut coming = Vec::new();
    let mut lost = LeftOut::default();
    Export::open(path, passphrase, now_ms())
        .unwrap()
        .read(&mut |kind, conversation, files| {
            coming.push(bring::incoming(kind, conversation, Some(files), &mut lost));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(lost.is_empty());
    let mut imported = Vec::new();
    for incoming in coming {
        imported.push(vault.import(incoming).await.unwrap());
    }
    imported
}

async fn export(vault: &Vault, path: &Path, passphrase: Option<&str>) {
    let folders: HashMap<Uuid, String> = vault
        .folders()
        .await
        .unwrap()
        .into_iter()
        .map(|folder| (folder.id, folder.name))
        .collect();
    let target = Target::new(path, false).unwrap();
    let mut writer = Writer::begin(target, Format::Archive, passphrase, now_ms()).unwrap();
    for id in vault.ids().await.unwrap() {
        let conversation = send::conversation(vault, id, &folders, true).await.unwrap();
        writer.add(&conversation, &mut |_| panic!()).unwrap();
    }
    writer.finish().unwrap();
}

/// A conversation as it can be told apart by a person, and the bytes of its attachments.
type Whole = (
    ConversationRow,
    Option<String>,
    Overflow,
    Vec<Message>,
    Vec<(MessageId, String, String, Vec<u8>)>,
);

async fn whole(vault: &Vault) -> HashMap<ConversationId, Whole> {
    let folders = vault.folders().await.unwrap();
    let mut all = HashMap::new();
    for id in vault.ids().await.unwrap() {
        let (mut row, messages) = vault.conversation(id).await.unwrap();
        let mut attachments = Vec::new();
        for row in vault.attachments(id).await.unwrap() {
            let bytes = vault.attachment(row.id).await.unwrap();
            attachments.push((row.message, row.name, row.mime, bytes));
        }
        let folder = row.folder.take();
        let folder = folders.iter().find(|known| Some(known.id) == folder);
        let folder = folder.map(|folder| folder.name.clone());
        row.tags.sort();
        // Its place among others depends on these.
        row.order_ms = 0;
        let overflow = vault.overflow(id).await.unwrap();
        all.insert(id, (row, folder, overflow, messages, attachments));
    }
    all
}

/// A conversation of this vault's own: an answer with its receipt, and another version of the question.
async fn own(vault: &Vault) -> ConversationId {
    let id = ConversationId(Uuid::now_v7());
    let now = now_ms();
    vault.create_conversation(id, now).await.unwrap();
    let asked = Message {
        id: MessageId(Uuid::now_v7()),
        conversation: id,
        parent: None,
        role: Role::User,
        text: "How high is the tide?".into(),
        state: MessageState::Complete,
        created_ms: now,
        receipt: None,
    };
    let said = Message {
        id: MessageId(Uuid::now_v7()),
        parent: Some(asked.id),
        role: Role::Assistant,
        text: "Two meters.".into(),
        state: MessageState::Stopped,
        receipt: Some(Receipt {
            route: Route::Device,
            reason: "only-device".into(),
            model: "SmolLM2-135M-Instruct".into(),
            prompt_tokens: 9,
            reused_tokens: 0,
            tokens: 4,
            accepted_tokens: 1,
            prompt_ms: 30,
            generate_ms: 40,
            mean_logprob: Some(-0.25),
            unseen_messages: 0,
            summary: None,
        }),
        ..asked.clone()
    };
    let edited = Message {
        id: MessageId(Uuid::now_v7()),
        text: "How low is the tide?".into(),
        ..asked.clone()
    };
    let title = Some("Tides");
    vault
        .append_all(&[&asked, &said, &edited], title)
        .await
        .unwrap();
    vault.set_leaf(id, said.id).await.unwrap();
    vault.pin(&[id], true).await.unwrap();
    vault.tag(&[id], "sea", true).await.unwrap();
    id
}

fn fixtures() -> Vec<std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exchange/tests/fixtures");
    [
        "chatgpt",
        "claude",
        "jan",
        "lm-studio",
        "ollama",
        "open-webui",
    ]
    .map(|name| root.join(name))
    .to_vec()
}

#[tokio::test]
async fn a_vault_s_archive_gives_an_empty_vault_everything() {
    let folder = tempfile::tempdir().unwrap();
    let first = vault(&folder.path().join("first")).await;
    for path in fixtures() {
        assert!(
            import(&first, &path, None)
                .await
                .iter()
                .all(|imported| imported.new)
        );
    }
    own(&first).await;
    let expected = whole(&first).await;
    assert_eq!(expected.len(), 8);
    assert!(
        expected
            .values()
            .any(|(_, folder, ..)| folder.as_deref() == Some("Boats"))
    );
    assert!(
        expected
            .values()
            .any(|(.., attachments)| attachments.len() == 2)
    );
    for (name, passphrase) in [("plain", None), ("sealed", Some("tide and time"))] {
        let archive = folder.path().join(name);
        export(&first, &archive, passphrase).await;
        let second = vault(&folder.path().join(format!("{name} vault"))).await;
        let imported = import(&second, &archive, passphrase).await;
        assert!(imported.iter().all(|imported| imported.new));
        assert_eq!(whole(&second).await, expected);
        second.verify().await.unwrap();
        // Into the vault that it came from, and once more: nothing.
        for vault in [&first, &second] {
            let again = import(vault, &archive, passphrase).await;
            assert!(again.iter().all(|again| !again.new && again.messages == 0));
        }
        second.close().await.unwrap();
    }
    assert_eq!(whole(&first).await, expected);
    first.close().await.unwrap();
}

#[tokio::test]
async fn a_second_import_of_every_format_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(&folder.path().join("vault")).await;
    for path in fixtures() {
        import(&vault, &path, None).await;
    }
    let before = whole(&vault).await;
    for path in fixtures() {
        let again = import(&vault, &path, None).await;
        assert!(
            again
                .iter()
                .all(|again| !again.new && again.messages == 0 && again.attachments == 0)
        );
    }
    assert_eq!(whole(&vault).await, before);
    vault.close().await.unwrap();
}

#[tokio::test]
async fn an_imported_answer_says_which_model_made_it_and_that_it_came_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(&folder.path().join("vault")).await;
    let id = import(&vault, &fixtures()[5], None).await[0].conversation;
    let (_, messages) = vault.conversation(id).await.unwrap();
    let receipt = messages[1].receipt.as_ref().unwrap();
    assert_eq!(
        (receipt.route, receipt.model.as_str()),
        (Route::Imported, "llama3.2:latest")
    );
    assert_eq!(messages[0].receipt, None);
    vault.close().await.unwrap();
}
