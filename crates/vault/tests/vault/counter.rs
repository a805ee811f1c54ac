//! What the database alone can't see: a lost end of the log, an older file put back, a database that is gone.

use std::fs;

use rstest::rstest;
use tandem_conversation::MessageState;
use tandem_vault::{Doubt, Vault, VaultError};

use crate::support::{Home, answer, conversation, files, message_id, one_conversation, question};

/// A copy of the files that make up the database.
struct Copy {
    database: Vec<u8>,
    log: Option<Vec<u8>>,
    counter: Vec<u8>,
}

impl Copy {
    fn of(home: &Home) -> Self {
        Self {
            database: fs::read(home.file("vault.db")).unwrap(),
            log: fs::read(home.file("vault.db-wal")).ok(),
            counter: fs::read(home.file("counter")).unwrap(),
        }
    }

    fn put_back(&self, home: &Home) {
        fs::write(home.file("vault.db"), &self.database).unwrap();
        match &self.log {
            Some(log) => fs::write(home.file("vault.db-wal"), log).unwrap(),
            None => drop(fs::remove_file(home.file("vault.db-wal"))),
        }
    }
}

async fn messages(vault: &Vault) -> usize {
    vault.conversation(conversation(1)).await.unwrap().1.len()
}

/// A closed vault that says ten things, and the copies of its files after each.
async fn told() -> (Home, Vec<Copy>) {
    let (home, vault, id) = one_conversation().await;
    let mut copies = Vec::new();
    for number in 1..=10 {
        vault.append(&question(number, id, "words")).await.unwrap();
        copies.push(Copy::of(&home));
    }
    vault.close().await.unwrap();
    (home, copies)
}

#[tokio::test]
async fn an_older_state_of_the_files_is_refused_unchanged_until_the_person_goes_on() {
    let (home, copies) = told().await;
    for (copy, said) in copies.iter().zip(1..10) {
        copy.put_back(&home);
        fs::write(home.file("counter"), &copies[9].counter).unwrap();
        let before = files(&home.dir);
        let error = home.try_open().await.unwrap_err();
        assert!(
            matches!(error, VaultError::RolledBack { missing, .. } if missing == 10 - said),
            "{said}: {error:?}"
        );
        assert_eq!(error.code(), "rolled-back");
        assert_eq!(files(&home.dir), before);
        let vault = home.go_on().await;
        assert_eq!(messages(&vault).await as u64, said);
        vault.close().await.unwrap();
        // What was given up is given up: the vault opens as any other from now on.
        home.open().await.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_log_that_is_lost_is_found_out() {
    let (home, vault, id) = one_conversation().await;
    vault.append(&question(1, id, "words")).await.unwrap();
    let copy = Copy::of(&home);
    vault.close().await.unwrap();
    for log in [None, Some(Vec::new())] {
        let without = Copy {
            database: copy.database.clone(),
            log,
            counter: Vec::new(),
        };
        without.put_back(&home);
        let error = home.try_open().await.unwrap_err();
        assert!(matches!(error, VaultError::RolledBack { .. }), "{error:?}");
        // With its log it is whole again.
        copy.put_back(&home);
        let vault = home.open().await;
        assert_eq!(messages(&vault).await, 1);
        vault.close().await.unwrap();
    }
}

#[rstest]
#[case::gone(false)]
#[case::empty(true)]
#[tokio::test]
async fn a_database_that_is_gone_is_not_made_anew_in_silence(#[case] empty: bool) {
    let (home, _) = told().await;
    let whole = fs::read(home.file("vault.db")).unwrap();
    fs::remove_file(home.file("vault.db")).unwrap();
    if empty {
        fs::write(home.file("vault.db"), "").unwrap();
    }
    let before = files(&home.dir);
    let error = home.try_open().await.unwrap_err();
    assert!(matches!(error, VaultError::RolledBack { .. }), "{error:?}");
    assert_eq!(files(&home.dir), before);
    fs::write(home.file("vault.db"), whole).unwrap();
    assert_eq!(messages(&home.open().await).await, 10);
}

#[tokio::test]
async fn a_counter_that_is_behind_is_no_loss() {
    let (home, copies) = told().await;
    for copy in &copies {
        fs::write(home.file("counter"), &copy.counter).unwrap();
        let vault = home.open().await;
        assert_eq!(vault.doubt(), None);
        assert_eq!(messages(&vault).await, 10);
        vault.close().await.unwrap();
        // It caught up.
        copies[8].put_back(&home);
        let error = home.try_open().await.unwrap_err();
        assert!(
            matches!(error, VaultError::RolledBack { missing: 1, .. }),
            "{error:?}"
        );
        copies[9].put_back(&home);
    }
}

#[tokio::test]
async fn a_killed_process_leaves_nothing_to_complain_of() {
    let (home, copies) = told().await;
    for (copy, said) in copies.iter().zip(1..) {
        // All files as they were at one moment; SQLite's and ours.
        copy.put_back(&home);
        fs::write(home.file("counter"), &copy.counter).unwrap();
        let vault = home.open().await;
        assert_eq!(vault.doubt(), None);
        assert_eq!(messages(&vault).await, said);
        vault.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_counter_that_is_missing_or_damaged_is_said_and_locks_nobody_out() {
    let (home, _) = told().await;
    let whole = fs::read(home.file("counter")).unwrap();
    fs::remove_file(home.file("counter")).unwrap();
    let vault = home.open().await;
    assert_eq!(vault.doubt(), Some(Doubt::CounterMissing));
    assert_eq!(messages(&vault).await, 10);
    vault.close().await.unwrap();
    for damaged in [Vec::new(), vec![7; whole.len()], whole[..40].to_vec()] {
        fs::write(home.file("counter"), damaged).unwrap();
        let vault = home.open().await;
        assert_eq!(vault.doubt(), Some(Doubt::CounterDamaged));
        vault.close().await.unwrap();
        let vault = home.open().await;
        assert_eq!(vault.doubt(), None, "it was made anew");
        vault.close().await.unwrap();
    }
}

#[tokio::test]
async fn every_change_is_counted_and_what_changes_nothing_is_not() {
    let (home, vault, id) = one_conversation().await;
    let asked = question(1, id, "words");
    vault.append(&asked).await.unwrap();
    vault.append(&answer(2, &asked)).await.unwrap();
    let mut states = vec![Copy::of(&home).counter];
    vault.checkpoint(message_id(2), "so far").await.unwrap();
    states.push(Copy::of(&home).counter);
    vault
        .finish(message_id(2), "so far", MessageState::Complete, None)
        .await
        .unwrap();
    states.push(Copy::of(&home).counter);
    vault.rename(id, "title").await.unwrap();
    states.push(Copy::of(&home).counter);
    vault.set_setting("a", "1").await.unwrap();
    states.push(Copy::of(&home).counter);
    for pair in states.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
    let last = Copy::of(&home).counter;
    vault.checkpoint(message_id(2), "more").await.unwrap_err();
    vault.append(&asked).await.unwrap_err();
    vault.settle_interrupted().await.unwrap();
    vault.conversation(id).await.unwrap();
    assert_eq!(Copy::of(&home).counter, last);
}
