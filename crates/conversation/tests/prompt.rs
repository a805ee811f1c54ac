//! What the model reads.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use proptest::prelude::*;
use tandem_conversation::{
    ConversationId, Message, MessageId, MessageState, PromptMessage, Role, assemble, without_oldest,
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
fn a_prompt_that_is_a_little_too_long_loses_its_first_exchange() {
    let (shorter, lost) = without_oldest(&conversation(5, 100), 500, 10).unwrap();
    assert_eq!(lost, 2);
    assert_eq!(shorter.len(), 4);
    assert_eq!(shorter[0].role, Role::System);
    assert_eq!(shorter[1].role, Role::User);
}

#[test]
fn a_lone_question_can_not_be_shortened() {
    assert_eq!(without_oldest(&conversation(1, 9), 900, 400), None);
    assert_eq!(without_oldest(&[], 900, 400), None);
    assert_eq!(without_oldest(&[read(Role::System, "S")], 900, 400), None);
}

proptest! {
    #[test]
    fn shortening_keeps_instructions_and_question_and_ends(
        turns in 1..40usize,
        chars in 0..200usize,
        prompt_tokens in 0..5000u32,
        over in 0..5000u32,
    ) {
        let mut messages = conversation(turns, chars);
        let (first, last) = (messages[0].clone(), messages[messages.len() - 1].clone());
        let mut rounds = 0;
        while let Some((shorter, lost)) = without_oldest(&messages, prompt_tokens, over) {
            prop_assert!(lost > 0);
            prop_assert_eq!(shorter.len(), messages.len() - lost);
            prop_assert_eq!(&shorter[0], &first);
            prop_assert_eq!(&shorter[shorter.len() - 1], &last);
            messages = shorter;
            rounds += 1;
        }
        prop_assert!(rounds < turns);
        prop_assert_eq!(messages.len(), 2);
    }
}
