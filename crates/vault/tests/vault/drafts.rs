//! What was typed and not sent.

use tandem_vault::{Draft, VaultError};

use crate::support::{conversation, files, holds, one_conversation};

#[tokio::test]
async fn a_draft_outlives_a_lock_and_goes_with_its_conversation() {
    let (home, vault, id) = one_conversation().await;
    vault.set_draft(Some(id), "half a").await.unwrap();
    vault.set_draft(Some(id), "half a thought").await.unwrap();
    vault.set_draft(None, "another").await.unwrap();
    vault.close().await.unwrap();
    let vault = home.open().await;
    let mut drafts = vault.drafts().await.unwrap();
    drafts.sort_by_key(|draft| draft.text.clone());
    let draft = |conversation, text: &str| Draft {
        conversation,
        text: text.to_owned(),
    };
    assert_eq!(
        drafts,
        [draft(None, "another"), draft(Some(id), "half a thought")]
    );
    vault.delete_conversation(id).await.unwrap();
    assert_eq!(vault.drafts().await.unwrap(), [draft(None, "another")]);
    vault.set_draft(None, "").await.unwrap();
    assert_eq!(vault.drafts().await.unwrap(), []);
    let error = vault
        .set_draft(Some(conversation(9)), "x")
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::NoConversation(_)), "{error:?}");
}

#[tokio::test]
async fn a_draft_is_in_no_file_in_the_clear_and_has_an_end() {
    let (home, vault, id) = one_conversation().await;
    vault
        .set_draft(Some(id), &"unsentpterosaur ".repeat(100_000))
        .await
        .unwrap();
    assert!(vault.drafts().await.unwrap()[0].text.len() <= 1 << 20);
    for (path, bytes) in files(&home.dir) {
        assert!(!holds(&bytes, "pterosaur"), "{}", path.display());
    }
}
