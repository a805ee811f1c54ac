//! Conversations, messages and settings come back as they went in.

use rstest::rstest;
use tandem_conversation::{MessageState, Role};
use tandem_vault::VaultError;

use crate::support::{answer, conversation, message_id, one_conversation, question, receipt};

#[tokio::test]
async fn a_turn_comes_back_as_it_went_in() {
    let (home, vault, id) = one_conversation().await;
    let asked = question(1, id, "Why is the sky blue? \u{0}\u{2} 青い 🌍 'x' \"");
    let mut answered = answer(2, &asked);
    vault.append(&asked).await.unwrap();
    vault.append(&answered).await.unwrap();
    vault.checkpoint(answered.id, "Because").await.unwrap();
    answered.text = "Because of Rayleigh scattering.".to_owned();
    answered.state = MessageState::Complete;
    answered.receipt = Some(receipt());
    vault
        .finish(
            answered.id,
            &answered.text,
            answered.state,
            answered.receipt.as_ref(),
        )
        .await
        .unwrap();
    vault.rename(id, "The sky").await.unwrap();
    vault.close().await.unwrap();

    let vault = home.open().await;
    let (row, messages) = vault.conversation(id).await.unwrap();
    assert_eq!(messages, [asked, answered.clone()]);
    assert_eq!(row.title, "The sky");
    assert_eq!(row.leaf, Some(answered.id));
    assert_eq!(
        (row.created_ms, row.updated_ms, row.messages),
        (1, answered.created_ms, 2)
    );
}

#[tokio::test]
async fn what_was_appended_is_there_without_a_close() {
    let (home, vault, id) = one_conversation().await;
    let asked = question(1, id, "Still there?");
    vault.append(&asked).await.unwrap();
    // The files as a power cut would leave them, in another folder.
    let copy = tempfile::tempdir().unwrap();
    for name in ["keys.json", "vault.db", "vault.db-wal"] {
        std::fs::copy(home.file(name), copy.path().join(name)).unwrap();
    }
    let after = tandem_vault::Vault::open_with(
        copy.path(),
        tandem_vault::Unlock::Keyring,
        home.keys.clone(),
    )
    .await;
    assert_eq!(after.unwrap().conversation(id).await.unwrap().1, [asked]);
}

#[tokio::test]
async fn conversations_are_listed_last_written_in_first_whatever_the_clock_says() {
    let (_home, vault, first) = one_conversation().await;
    for (number, now) in [(2, 20), (3, 10)] {
        vault
            .create_conversation(conversation(number), now)
            .await
            .unwrap();
    }
    let order = |rows: Vec<tandem_vault::ConversationRow>| {
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(
        order(vault.conversations().await.unwrap()),
        [conversation(3), conversation(2), first]
    );
    vault
        .append(&question(1, first, "to the top"))
        .await
        .unwrap();
    assert_eq!(
        order(vault.conversations().await.unwrap()),
        [first, conversation(3), conversation(2)]
    );
    // A clock that went back doesn't bury what was just said.
    let early = tandem_conversation::Message {
        created_ms: -5,
        ..question(2, first, "early")
    };
    vault.append(&early).await.unwrap();
    assert_eq!(order(vault.conversations().await.unwrap())[0], first);
}

#[tokio::test]
async fn every_branch_is_kept_and_the_leaf_is_remembered() {
    let (_home, vault, id) = one_conversation().await;
    let asked = question(1, id, "a");
    let edited = question(2, id, "b");
    vault.append(&asked).await.unwrap();
    vault.append(&edited).await.unwrap();
    assert_eq!(
        vault.conversation(id).await.unwrap().0.leaf,
        Some(edited.id)
    );
    vault.set_leaf(id, asked.id).await.unwrap();
    let (row, messages) = vault.conversation(id).await.unwrap();
    assert_eq!(row.leaf, Some(asked.id));
    assert_eq!(messages, [asked, edited]);
}

#[tokio::test]
async fn a_parent_of_another_conversation_is_refused_and_nothing_is_left_of_it() {
    let (_home, vault, id) = one_conversation().await;
    let elsewhere = conversation(2);
    vault.create_conversation(elsewhere, 2).await.unwrap();
    let there = question(1, elsewhere, "there");
    vault.append(&there).await.unwrap();
    for parent in [there.id, message_id(99)] {
        let foreign = tandem_conversation::Message {
            parent: Some(parent),
            ..question(2, id, "here")
        };
        let error = vault.append(&foreign).await.unwrap_err();
        assert!(
            matches!(error, VaultError::ForeignParent { .. }),
            "{error:?}"
        );
    }
    let (row, messages) = vault.conversation(id).await.unwrap();
    assert_eq!((row.leaf, row.updated_ms, messages.len()), (None, 1, 0));
    let error = vault.set_leaf(id, there.id).await.unwrap_err();
    assert!(matches!(error, VaultError::NoMessage(_)), "{error:?}");
    assert_eq!(vault.conversation(id).await.unwrap().0.leaf, None);
}

#[tokio::test]
async fn an_id_is_used_once() {
    let (_home, vault, id) = one_conversation().await;
    vault.append(&question(1, id, "first")).await.unwrap();
    let error = vault.append(&question(1, id, "second")).await.unwrap_err();
    assert!(matches!(error, VaultError::AlreadyThere), "{error:?}");
    let error = vault.create_conversation(id, 5).await.unwrap_err();
    assert!(matches!(error, VaultError::AlreadyThere), "{error:?}");
    assert_eq!(vault.conversation(id).await.unwrap().1[0].text, "first");
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let (_home, vault, id) = one_conversation().await;
    let (nowhere, nothing) = (conversation(9), message_id(9));
    let complete = MessageState::Complete;
    assert!(matches!(
        vault.conversation(nowhere).await,
        Err(VaultError::NoConversation(_))
    ));
    assert!(matches!(
        vault.rename(nowhere, "x").await,
        Err(VaultError::NoConversation(_))
    ));
    assert!(matches!(
        vault.delete_conversation(nowhere).await,
        Err(VaultError::NoConversation(_))
    ));
    assert!(matches!(
        vault.append(&question(1, nowhere, "x")).await,
        Err(VaultError::NoConversation(_))
    ));
    assert!(matches!(
        vault.set_leaf(nowhere, nothing).await,
        Err(VaultError::NoConversation(_))
    ));
    assert!(matches!(
        vault.set_leaf(id, nothing).await,
        Err(VaultError::NoMessage(_))
    ));
    assert!(matches!(
        vault.checkpoint(nothing, "x").await,
        Err(VaultError::NoMessage(_))
    ));
    assert!(matches!(
        vault.finish(nothing, "x", complete, None).await,
        Err(VaultError::NoMessage(_))
    ));
}

#[rstest]
#[case(MessageState::Complete)]
#[case(MessageState::Stopped)]
#[case(MessageState::Interrupted)]
#[tokio::test]
async fn an_answer_that_ended_is_final(#[case] end: MessageState) {
    let (_home, vault, id) = one_conversation().await;
    let asked = question(1, id, "a");
    let answered = answer(2, &asked);
    vault.append(&asked).await.unwrap();
    vault.append(&answered).await.unwrap();
    let error = vault
        .finish(answered.id, "b", MessageState::Streaming, None)
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::NotAnEnd), "{error:?}");
    vault.finish(answered.id, "b", end, None).await.unwrap();
    let error = vault.checkpoint(answered.id, "c").await.unwrap_err();
    assert!(matches!(error, VaultError::Settled(_)), "{error:?}");
    let error = vault.finish(answered.id, "c", end, None).await.unwrap_err();
    assert!(matches!(error, VaultError::Settled(_)), "{error:?}");
    let messages = vault.conversation(id).await.unwrap().1;
    assert_eq!((messages[1].text.as_str(), messages[1].state), ("b", end));
}

#[tokio::test]
async fn instructions_are_not_stored() {
    let (_home, vault, id) = one_conversation().await;
    let system = tandem_conversation::Message {
        role: Role::System,
        ..question(1, id, "x")
    };
    assert!(matches!(
        vault.append(&system).await,
        Err(VaultError::NoSystemMessages)
    ));
}

#[tokio::test]
async fn an_answer_cut_off_by_the_end_of_the_app_is_settled_with_its_last_checkpoint() {
    let (home, vault, id) = one_conversation().await;
    let asked = question(1, id, "a");
    let answered = answer(2, &asked);
    vault.append(&asked).await.unwrap();
    vault.append(&answered).await.unwrap();
    vault
        .checkpoint(answered.id, "so far nightingale")
        .await
        .unwrap();
    drop(vault);
    let vault = home.open().await;
    assert_eq!(vault.search("nightingale", 10).await.unwrap(), []);
    assert_eq!(vault.settle_interrupted().await.unwrap(), 1);
    assert_eq!(vault.settle_interrupted().await.unwrap(), 0);
    let messages = vault.conversation(id).await.unwrap().1;
    assert_eq!(
        (messages[1].text.as_str(), messages[1].state),
        ("so far nightingale", MessageState::Interrupted)
    );
    assert_eq!(messages[0].state, MessageState::Complete);
    assert_eq!(vault.search("nightingale", 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_deleted_conversation_takes_its_messages_along_and_no_others() {
    let (_home, vault, id) = one_conversation().await;
    let other = conversation(2);
    vault.create_conversation(other, 2).await.unwrap();
    let asked = question(1, id, "gone");
    vault.append(&asked).await.unwrap();
    vault.append(&answer(2, &asked)).await.unwrap();
    vault.append(&question(3, other, "stays")).await.unwrap();
    vault.delete_conversation(id).await.unwrap();
    assert!(matches!(
        vault.conversation(id).await,
        Err(VaultError::NoConversation(_))
    ));
    assert!(matches!(
        vault.checkpoint(message_id(2), "x").await,
        Err(VaultError::NoMessage(_))
    ));
    assert_eq!(vault.conversation(other).await.unwrap().1.len(), 1);
    vault.verify().await.unwrap();
}

#[tokio::test]
async fn settings_are_replaced_whole() {
    let (_home, vault, _) = one_conversation().await;
    assert_eq!(vault.setting("a").await.unwrap(), None);
    vault.set_setting("a", "1").await.unwrap();
    vault.set_setting("a", "{\"b\":2}").await.unwrap();
    assert_eq!(
        vault.setting("a").await.unwrap().as_deref(),
        Some("{\"b\":2}")
    );
}

#[tokio::test]
async fn many_callers_at_once_all_get_their_turn() {
    let (_home, vault, id) = one_conversation().await;
    let vault = std::sync::Arc::new(vault);
    let callers = (0..50).map(|number| {
        let vault = vault.clone();
        tokio::spawn(async move { vault.append(&question(number, id, "hello")).await })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap().unwrap();
    }
    assert_eq!(vault.conversation(id).await.unwrap().1.len(), 50);
}

#[tokio::test]
async fn a_call_given_up_in_the_middle_leaves_all_or_nothing() {
    let (_home, vault, id) = one_conversation().await;
    let mut whole = 0;
    for number in 0..200 {
        let message = question(number, id, "hello");
        tokio::select! {
            biased;
            () = async { for _ in 0..number % 12 { tokio::task::yield_now().await } } => {}
            done = vault.append(&message) => { done.unwrap(); whole += 1; }
        }
    }
    let (row, messages) = vault.conversation(id).await.unwrap();
    assert!(messages.len() >= whole);
    assert_eq!(row.leaf, messages.last().map(|message| message.id));
    vault
        .append(&question(1000, id, "and it still works"))
        .await
        .unwrap();
}
