//! The ways into the vault as a host meets them: phrase, passphrase, new keys, lock.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{path::Path, time::Duration};

use tandem_assistant::{
    Door, Paths,
    wire::{
        AppState, Call, DraftsCall, Event, Failure, KeysCall, PhraseState, PhraseWord, Protection,
        Reply, VaultState,
    },
};
use tokio::time::timeout;

const PASSPHRASE: &str = "correct horse battery staple";

async fn enter(folder: &Path) -> Door {
    Door::open(Paths::new(Some(folder.to_owned())).unwrap())
        .await
        .unwrap()
}

/// A door to a new vault that a passphrase locks.
async fn made(folder: &Path) -> Door {
    let door = enter(folder).await;
    let protection = Protection::Passphrase {
        passphrase: PASSPHRASE.into(),
    };
    door.call(Call::Protect { protection }).await.unwrap();
    door
}

async fn state(door: &Door) -> AppState {
    let Reply::State(state) = door.call(Call::State).await.unwrap() else {
        panic!("no state")
    };
    state
}

async fn keys(door: &Door, what: KeysCall) -> Result<Reply, Failure> {
    door.call(Call::Keys { what }).await
}

async fn refused(door: &Door, what: KeysCall) -> String {
    keys(door, what).await.unwrap_err().code
}

async fn phrase(door: &Door, current: Option<&str>, new_keys: bool) -> Vec<String> {
    let current = current.map(Into::into);
    let reply = keys(door, KeysCall::Phrase { current, new_keys }).await;
    let Ok(Reply::Phrase(words)) = reply else {
        panic!("no phrase: {reply:?}")
    };
    assert_eq!(words.len(), 12);
    words
}

fn typed(words: &[String], numbers: [usize; 2]) -> KeysCall {
    let word = |number: usize| PhraseWord {
        number: u32::try_from(number).unwrap(),
        word: words[number - 1].to_uppercase(),
    };
    KeysCall::Check {
        words: numbers.map(word).to_vec(),
    }
}

fn recover(words: &[String]) -> KeysCall {
    KeysCall::Recover {
        phrase: words.join(" "),
    }
}

async fn draft(door: &Door) -> Vec<String> {
    let call = Call::Drafts {
        what: DraftsCall::All,
    };
    let Reply::Drafts(drafts) = door.call(call).await.unwrap() else {
        panic!("no drafts")
    };
    drafts.into_iter().map(|draft| draft.text).collect()
}

async fn lock(door: &Door) {
    let mut events = door.events();
    keys(door, KeysCall::Lock).await.unwrap();
    let told = async { while !matches!(events.recv().await, Ok(Event::Locked)) {} };
    timeout(Duration::from_secs(10), told).await.unwrap();
    assert_eq!(state(door).await.vault, VaultState::Locked);
    let error = door.call(Call::Conversations).await.unwrap_err();
    assert_eq!(error.code, "vault.locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phrase_counts_once_two_of_its_words_were_typed() {
    let folder = tempfile::tempdir().unwrap();
    let door = made(folder.path()).await;
    assert_eq!(state(&door).await.keys.phrase, PhraseState::New);
    let first = phrase(&door, None, false).await;
    // It is the vault's own, so it is the same however often it is looked at.
    assert_eq!(phrase(&door, None, false).await, first);
    let mut wrong = first.clone();
    wrong[4] = "zoo".into();
    assert_eq!(
        refused(&door, typed(&wrong, [2, 5])).await,
        "phrase.other-word"
    );
    assert_eq!(
        refused(&door, typed(&first, [5, 5])).await,
        "phrase.few-words"
    );
    keys(&door, typed(&first, [2, 5])).await.unwrap();
    assert_eq!(state(&door).await.keys.phrase, PhraseState::Checked);

    // Another one takes its place only when it was checked.
    let put_off = phrase(&door, Some(PASSPHRASE), false).await;
    keys(&door, KeysCall::Later).await.unwrap();
    assert_eq!(refused(&door, typed(&put_off, [1, 2])).await, "phrase.gone");
    let second = phrase(&door, Some(PASSPHRASE), false).await;
    keys(&door, typed(&second, [11, 12])).await.unwrap();
    lock(&door).await;
    assert_eq!(refused(&door, recover(&first)).await, "vault.wrong-phrase");
    assert_eq!(
        refused(&door, recover(&put_off)).await,
        "vault.wrong-phrase"
    );
    assert_eq!(
        refused(&door, recover(&first[..11])).await,
        "vault.phrase-count"
    );
    keys(&door, recover(&second)).await.unwrap();
    assert_eq!(state(&door).await.vault, VaultState::Open);
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phrase_that_was_put_off_is_reminded_of_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let door = made(folder.path()).await;
    keys(&door, KeysCall::Later).await.unwrap();
    assert_eq!(state(&door).await.keys.phrase, PhraseState::Unchecked);
    door.close().await;
    drop(door);
    let door = enter(folder.path()).await;
    let passphrase = PASSPHRASE.into();
    door.call(Call::Unlock { passphrase }).await.unwrap();
    assert_eq!(state(&door).await.keys.phrase, PhraseState::Unchecked);
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_outlives_a_lock() {
    let folder = tempfile::tempdir().unwrap();
    let door = made(folder.path()).await;
    let keep = DraftsCall::Keep {
        conversation: None,
        text: "half a thought".into(),
    };
    door.call(Call::Drafts { what: keep }).await.unwrap();
    lock(&door).await;
    let passphrase = "wrong".to_owned();
    let error = door.call(Call::Unlock { passphrase }).await.unwrap_err();
    assert_eq!(error.code, "vault.wrong-key");
    let passphrase = PASSPHRASE.to_owned();
    door.call(Call::Unlock { passphrase }).await.unwrap();
    assert_eq!(draft(&door).await, ["half a thought"]);
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_present_passphrase_is_needed_to_change_anything() {
    let folder = tempfile::tempdir().unwrap();
    let door = made(folder.path()).await;
    let set = |current: Option<&str>, passphrase: &str| KeysCall::Passphrase {
        current: current.map(Into::into),
        passphrase: passphrase.into(),
    };
    assert_eq!(
        refused(&door, set(None, "another one")).await,
        "passphrase.needed"
    );
    assert_eq!(
        refused(&door, set(Some("wrong"), "another one")).await,
        "vault.wrong-key"
    );
    assert_eq!(
        refused(&door, set(Some(PASSPHRASE), "short")).await,
        "passphrase.short"
    );
    let show = |current: Option<&str>| KeysCall::Phrase {
        current: current.map(Into::into),
        new_keys: true,
    };
    assert_eq!(refused(&door, show(None)).await, "passphrase.needed");
    assert_eq!(refused(&door, show(Some("wrong"))).await, "vault.wrong-key");
    keys(&door, set(Some(PASSPHRASE), "another one"))
        .await
        .unwrap();
    lock(&door).await;
    let unlock = |passphrase: &str| Call::Unlock {
        passphrase: passphrase.into(),
    };
    let error = door.call(unlock(PASSPHRASE)).await.unwrap_err();
    assert_eq!(error.code, "vault.wrong-key");
    door.call(unlock("another one")).await.unwrap();
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_keep_everything_and_take_a_new_phrase() {
    let folder = tempfile::tempdir().unwrap();
    let door = made(folder.path()).await;
    let old = phrase(&door, None, false).await;
    keys(&door, typed(&old, [1, 2])).await.unwrap();
    let Reply::Conversation(made) = door.call(Call::NewConversation).await.unwrap() else {
        panic!("none")
    };
    let title = "Kept".to_owned();
    let id = made.id;
    door.call(Call::Rename { id, title }).await.unwrap();
    let new = phrase(&door, Some(PASSPHRASE), true).await;
    keys(&door, typed(&new, [3, 9])).await.unwrap();
    let after = state(&door).await;
    assert_eq!(
        (after.vault, after.keys.phrase),
        (VaultState::Open, PhraseState::Checked)
    );
    let Reply::Conversation(kept) = door.call(Call::Conversation { id }).await.unwrap() else {
        panic!("none")
    };
    assert_eq!(kept.title, "Kept");
    lock(&door).await;
    assert_eq!(refused(&door, recover(&old)).await, "vault.wrong-phrase");
    keys(&door, recover(&new)).await.unwrap();
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_locks_after_a_time_that_the_person_chooses() {
    let folder = tempfile::tempdir().unwrap();
    let door = made(folder.path()).await;
    // Those with a passphrase lock without being told to.
    assert_eq!(state(&door).await.keys.lock_minutes, Some(15));
    for (chosen, kept) in [(Some(60), Some(60)), (None, None), (Some(0), Some(1))] {
        keys(&door, KeysCall::LockAfter { minutes: chosen })
            .await
            .unwrap();
        assert_eq!(state(&door).await.keys.lock_minutes, kept);
    }
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes more than a minute"]
async fn it_locks_when_nobody_is_there_for_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let door = made(folder.path()).await;
    let mut events = door.events();
    keys(&door, KeysCall::LockAfter { minutes: Some(1) })
        .await
        .unwrap();
    let locked = async { while !matches!(events.recv().await, Ok(Event::Locked)) {} };
    let early = timeout(Duration::from_secs(50), locked).await;
    assert!(early.is_err(), "it locked too soon");
    let locked = async { while !matches!(events.recv().await, Ok(Event::Locked)) {} };
    timeout(Duration::from_secs(30), locked).await.unwrap();
    assert_eq!(state(&door).await.vault, VaultState::Locked);
    door.close().await;
}
