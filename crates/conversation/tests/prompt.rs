//! What the model reads.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use proptest::prelude::*;
use tandem_conversation::{
    ConversationId, Message, MessageId, MessageState, PromptMessage, Role, assemble, fit,
    surely_fits,
};
use uuid::Uuid;

fn message(role: Role, text: &str) -> Message {
    Message {
        id: MessageId(Uuid::from_u128(1)),
        conversation: ConversationId(Uuid::from_u128(2)),
        parent: None,
        role,
        text: text.into(),
        state: MessageState::Complete,
        created_ms: 0,
        receipt: None,
    }
}

fn read(role: Role, text: &str) -> PromptMessage {
    PromptMessage {
        role,
        text: text.into(),
    }
}

fn conversation(turns: usize, chars: usize) -> Vec<PromptMessage> {
    let mut messages = vec![read(Role::System, "Be brief.")];
    for turn in 0..turns {
        let role = if turn % 2 == 0 {
            Role::User
        } else {
            Role::Assistant
        };
        messages.push(read(role, &"x".repeat(chars)));
    }
    messages
}

#[test]
fn the_instructions_come_first_and_the_question_last() {
    let path = [
        message(Role::User, "Hi"),
        message(Role::Assistant, "Hello"),
        message(Role::User, "Why?"),
    ];
    let expected = [
        read(Role::System, "Be brief."),
        read(Role::User, "Hi"),
        read(Role::Assistant, "Hello"),
        read(Role::User, "Why?"),
    ];
    assert_eq!(assemble("Be brief.", &path), expected);
}

#[test]
fn an_answer_that_never_came_is_left_out() {
    let path = [
        message(Role::User, "Hi"),
        message(Role::Assistant, ""),
        message(Role::User, "Are you there?"),
    ];
    let texts: Vec<_> = assemble("S", &path).into_iter().map(|m| m.text).collect();
    assert_eq!(texts, ["S", "Hi", "Are you there?"]);
}

#[test]
fn what_fits_is_read_whole() {
    let messages = conversation(5, 100);
    let fit = fit(&messages, &vec![50; messages.len()], 60, 1000);
    assert_eq!((fit.messages, fit.unseen), (messages, 0));
}

#[test]
fn what_no_longer_fits_goes_from_its_beginning_down_to_half_the_context() {
    let messages = conversation(10, 100);
    let fit = fit(&messages, &vec![50; messages.len()], 0, 1000);
    assert_eq!(fit.messages.len() + fit.unseen, messages.len());
    assert_eq!(fit.messages[0].role, Role::System);
    assert_eq!(fit.messages[1].role, Role::User);
    assert_eq!(fit.messages.last(), messages.last());
    assert!(
        (7..=14).contains(&fit.messages.len()),
        "{}",
        fit.messages.len()
    );
}

#[test]
fn a_lone_question_stays_however_long() {
    let messages = conversation(1, 9);
    let fit = fit(&messages, &[10, 5000], 10, 1000);
    assert_eq!((fit.messages, fit.unseen), (messages, 0));
}

#[test]
fn the_cut_stays_where_it_is_for_many_turns() {
    let cuts: Vec<_> = (1..60)
        .map(|turns| {
            let messages = conversation(turns, 100);
            fit(&messages, &vec![50; messages.len()], 0, 2000).unseen
        })
        .collect();
    let changes = cuts.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(*cuts.last().unwrap() > 30, "{cuts:?}");
    assert!(changes <= 10, "{cuts:?}");
}

#[test]
fn bytes_tell_that_a_short_prompt_fits() {
    assert!(surely_fits(&conversation(2, 10), 4096));
    assert!(!surely_fits(&conversation(100, 100), 4096));
}

proptest! {
    #[test]
    fn fitting_keeps_instructions_question_and_order_and_holds_what_it_says(
        turns in 1..40usize,
        tokens in proptest::collection::vec(0..400u32, 80),
        frame in 0..400u32,
        context in 512..8192u32,
    ) {
        let messages = conversation(turns, 7);
        let tokens = &tokens[..messages.len().min(tokens.len())];
        let fit = fit(&messages, tokens, frame, context);
        prop_assert_eq!(&fit.messages[0], &messages[0]);
        prop_assert_eq!(&fit.messages[1..], &messages[1 + fit.unseen..]);
        prop_assert!(fit.messages.len() >= 2);
        let held: u32 = tokens[0] + tokens[1 + fit.unseen..].iter().sum::<u32>();
        prop_assert!(held <= context - context / 4 || fit.messages.len() <= 3);
    }
}
