//! The rules of a turn, a row each: from where, what happens, what is done.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use rstest::rstest;
use tandem_conversation::{
    Finish, GenerateFailure, Generated, MessageState, Route, Token,
    turn::{Effect, Event, State, step},
};

const ROUTED: Event = Event::Routed {
    route: Route::Device,
    reason: "only-device",
};
const STARTED: Event = Event::Started { prompt_tokens: 7 };
const SPENT: Generated = Generated {
    drafted_tokens: 6,
    accepted_tokens: 4,
    prompt_tokens: 7,
    reused_tokens: 3,
    tokens: 2,
    prompt_ms: 20,
    generate_ms: 40,
};

fn token(text: &str) -> Event {
    Event::Token(Token {
        text: text.into(),
        logprob: -0.5,
        entropy: 1.0,
        margin: 0.1,
    })
}

fn show(text: &str) -> Effect {
    Effect::Show(text.into())
}

/// An end before it was decided where to run.
fn unrouted(state: MessageState) -> Effect {
    Effect::Finish {
        state,
        spent: Generated::default(),
        mean_logprob: None,
        route: None,
    }
}

/// An end of a turn that ran; `tokens` of [`token`] were seen.
fn ran(state: MessageState, spent: Generated, tokens: u32) -> Effect {
    Effect::Finish {
        state,
        spent,
        mean_logprob: (tokens > 0).then_some(-0.5),
        route: Some((Route::Device, "only-device")),
    }
}

/// What was seen of a stream that reported nothing itself.
fn seen(prompt_tokens: u32, tokens: u32) -> Generated {
    Generated {
        prompt_tokens,
        tokens,
        ..Generated::default()
    }
}

/// Where a turn stands after `events`.
fn after(events: impl IntoIterator<Item = Event>) -> State {
    events
        .into_iter()
        .fold(State::default(), |state, event| step(state, event).0)
}

fn persisting() -> State {
    after([Event::Sent])
}

fn routing() -> State {
    after([Event::Sent, Event::Persisted])
}

fn running() -> State {
    after([Event::Sent, Event::Persisted, ROUTED, STARTED])
}

fn writing() -> State {
    after([
        Event::Sent,
        Event::Persisted,
        ROUTED,
        STARTED,
        token("Hel"),
        token("lo"),
    ])
}

#[rstest]
#[case::a_question_is_stored_first(State::Idle, Event::Sent, vec![Effect::Persist])]
#[case::stored_then_routed(persisting(), Event::Persisted, vec![Effect::Decide])]
#[case::routed_then_started(routing(), ROUTED, vec![Effect::Start(Route::Device)])]
#[case::the_prompt_was_read(after([Event::Sent, Event::Persisted, ROUTED]), STARTED, vec![Effect::ShowStarted])]
#[case::a_token_is_shown(running(), token("Hi"), vec![show("Hi")])]
#[case::half_a_character_shows_nothing(running(), token(""), vec![])]
#[case::new_text_is_checkpointed(writing(), Event::CheckpointDue, vec![Effect::Checkpoint])]
#[case::nothing_new_nothing_to_checkpoint(running(), Event::CheckpointDue, vec![])]
fn a_turn_goes_on(#[case] from: State, #[case] event: Event, #[case] effects: Vec<Effect>) {
    let (state, done) = step(from, event);
    assert_eq!(done, effects);
    assert_ne!(state, State::Ended);
}

#[rstest]
#[case::not_stored_gives_the_text_back(persisting(), Event::NotPersisted, vec![Effect::GiveBack])]
#[case::finished(writing(), Event::Finished(Finish::End, SPENT), vec![ran(MessageState::Complete, SPENT, 2)])]
#[case::cut_at_its_length(writing(), Event::Finished(Finish::Length, SPENT), vec![ran(MessageState::Complete, SPENT, 2)])]
#[case::a_full_context_is_told(
    writing(),
    Event::Finished(Finish::ContextFull, SPENT),
    vec![Effect::Tell(GenerateFailure::ContextFull), ran(MessageState::Complete, SPENT, 2)],
)]
#[case::a_fault_is_told_and_the_text_kept(
    writing(),
    Event::Failed(GenerateFailure::Hung),
    vec![Effect::Tell(GenerateFailure::Hung), ran(MessageState::Interrupted, seen(7, 2), 2)],
)]
#[case::stopped(writing(), Event::Cancel, vec![Effect::Stop, ran(MessageState::Stopped, seen(7, 2), 2)])]
#[case::locked(writing(), Event::Lock, vec![Effect::Stop, ran(MessageState::Interrupted, seen(7, 2), 2)])]
#[case::stopped_before_the_first_token(running(), Event::Cancel, vec![Effect::Stop, ran(MessageState::Stopped, seen(7, 0), 0)])]
#[case::stopped_while_routing(routing(), Event::Cancel, vec![unrouted(MessageState::Stopped)])]
#[case::locked_while_routing(routing(), Event::Lock, vec![unrouted(MessageState::Interrupted)])]
#[case::stopped_while_storing(after([Event::Sent, Event::Cancel]), Event::Persisted, vec![unrouted(MessageState::Stopped)])]
#[case::locked_while_storing(after([Event::Sent, Event::Lock]), Event::Persisted, vec![unrouted(MessageState::Interrupted)])]
#[case::stopped_and_not_stored(after([Event::Sent, Event::Cancel]), Event::NotPersisted, vec![Effect::GiveBack])]
#[case::stopped_before_it_was_sent(State::Idle, Event::Cancel, vec![])]
#[case::locked_before_it_was_sent(State::Idle, Event::Lock, vec![])]
fn a_turn_ends(#[case] from: State, #[case] event: Event, #[case] effects: Vec<Effect>) {
    assert_eq!(step(from, event), (State::Ended, effects));
}

#[rstest]
#[case::nothing_is_generated_before_it_is_stored(persisting(), ROUTED)]
#[case::no_token_before_the_start(routing(), token("early"))]
#[case::stored_twice(routing(), Event::Persisted)]
#[case::routed_twice(writing(), ROUTED)]
#[case::sent_twice(writing(), Event::Sent)]
#[case::a_token_after_the_end(State::Ended, token("late"))]
#[case::a_fault_after_the_end(State::Ended, Event::Failed(GenerateFailure::Hung))]
#[case::a_second_stop(State::Ended, Event::Cancel)]
#[case::sent_after_the_end(State::Ended, Event::Sent)]
fn what_has_no_meaning_changes_nothing(#[case] from: State, #[case] event: Event) {
    assert_eq!(step(from.clone(), event), (from, vec![]));
}

#[rstest]
fn a_checkpoint_is_taken_once_for_the_same_text() {
    let (state, first) = step(writing(), Event::CheckpointDue);
    let (state, second) = step(state, Event::CheckpointDue);
    assert_eq!((first, second), (vec![Effect::Checkpoint], vec![]));
    let (state, _) = step(state, token(" again"));
    assert_eq!(step(state, Event::CheckpointDue).1, [Effect::Checkpoint]);
}
