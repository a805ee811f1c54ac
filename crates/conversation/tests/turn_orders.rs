//! Whatever the order of events, what a turn promises holds.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use proptest::{collection::vec, prelude::*};
use tandem_conversation::{
    Finish, GenerateFailure, Generated, MessageState, Route, Token,
    turn::{Effect, Event, State, step},
};

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Sent),
        Just(Event::Persisted),
        Just(Event::NotPersisted),
        Just(Event::Routed {
            route: Route::Device,
            reason: "only-device",
        }),
        any::<u32>().prop_map(|prompt_tokens| Event::Started { prompt_tokens }),
        ("[a-z ]{0,3}", -20f32..0.0).prop_map(|(text, logprob)| Event::Token(Token {
            text,
            logprob,
            entropy: 1.0,
            margin: 0.5,
        })),
        prop_oneof![
            Just(Finish::End),
            Just(Finish::Length),
            Just(Finish::ContextFull)
        ]
        .prop_map(|finish| Event::Finished(finish, Generated::default())),
        Just(Event::Resumed("it crashed".into())),
        Just(Event::Failed(GenerateFailure::Hung)),
        Just(Event::CheckpointDue),
        Just(Event::Cancel),
        Just(Event::Lock),
    ]
}

/// Events as the world may deliver them: those of one whole turn in their order, with others thrown in anywhere.
/// Purely random ones would hardly ever reach the running state.
fn events() -> impl Strategy<Value = Vec<Event>> {
    (vec(event(), 0..40), 0..5usize).prop_map(|(noise, whole)| {
        let turn = [
            Event::Sent,
            Event::Persisted,
            Event::Routed {
                route: Route::Device,
                reason: "only-device",
            },
            Event::Started { prompt_tokens: 3 },
        ];
        let mut events = turn[..whole.min(turn.len())].to_vec();
        events.extend(noise);
        events
    })
}

/// Runs `events`; the effects that each of them had.
fn run(events: &[Event]) -> (State, Vec<Vec<Effect>>) {
    let mut state = State::default();
    let mut steps = vec![];
    for event in events {
        let (next, effects) = step(state, event.clone());
        state = next;
        steps.push(effects);
    }
    (state, steps)
}

fn ends(effect: &Effect) -> bool {
    matches!(effect, Effect::Finish { .. } | Effect::GiveBack)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn nothing_is_done_after_a_turn_ended(events in events()) {
        let effects: Vec<_> = run(&events).1.concat();
        if let Some(end) = effects.iter().position(ends) {
            prop_assert_eq!(end, effects.len() - 1, "{:?}", effects);
        }
    }

    #[test]
    fn a_stop_shows_nothing_more_and_ends_what_was_stored(events in events()) {
        let (_, steps) = run(&events);
        let stop = events.iter().position(|event| matches!(event, Event::Cancel | Event::Lock));
        if let Some(stop) = stop {
            let later: Vec<_> = steps[stop..].concat();
            prop_assert!(
                !later.iter().any(|effect| matches!(
                    effect,
                    Effect::Show(_) | Effect::Start(_) | Effect::Decide | Effect::Checkpoint
                )),
                "{:?}",
                later
            );
        }
    }

    #[test]
    fn nothing_is_generated_before_the_question_is_stored(events in events()) {
        let (_, steps) = run(&events);
        let started = steps.iter().position(|effects| effects.iter().any(|e| matches!(e, Effect::Start(_))));
        if let Some(started) = started {
            let stored = events.iter().position(|event| *event == Event::Persisted);
            prop_assert!(stored.is_some_and(|stored| stored < started));
        }
    }

    #[test]
    fn it_is_stored_started_and_ended_at_most_once(events in events()) {
        let effects: Vec<_> = run(&events).1.concat();
        let count = |of: fn(&Effect) -> bool| effects.iter().filter(|effect| of(effect)).count();
        prop_assert!(count(|e| *e == Effect::Persist) <= 1);
        prop_assert!(count(|e| *e == Effect::Decide) <= 1);
        prop_assert!(count(|e| matches!(e, Effect::Start(_))) <= 1);
        prop_assert!(count(ends) <= 1);
    }

    /// Whatever came before: once the world has answered what it was asked, a stop ends the turn, and what was
    /// stored gets its last word.
    #[test]
    fn every_turn_that_began_ends(events in events()) {
        let (mut state, steps) = run(&events);
        let mut effects = steps.concat();
        for last in [Event::Cancel, Event::Persisted] {
            let (next, more) = step(state, last);
            state = next;
            effects.extend(more);
        }
        prop_assert_eq!(state, State::Ended);
        let began = effects.contains(&Effect::Persist);
        prop_assert_eq!(began, effects.last().is_some_and(ends));
    }

    #[test]
    fn a_finish_counts_what_was_shown(events in events()) {
        let (_, steps) = run(&events);
        let running = steps.iter().position(|effects| effects.iter().any(|e| matches!(e, Effect::Start(_))));
        let finish = steps.iter().position(|effects| effects.iter().any(ends));
        let (Some(running), Some(finish)) = (running, finish) else { return Ok(()) };
        let Some(Effect::Finish { state, spent, mean_logprob, route }) = steps[finish].last() else {
            return Ok(());
        };
        let logprobs: Vec<f32> = events[running + 1..finish]
            .iter()
            .filter_map(|event| match event {
                Event::Token(token) => Some(token.logprob),
                _ => None,
            })
            .collect();
        prop_assert!(route.is_some());
        prop_assert_eq!(mean_logprob.is_some(), !logprobs.is_empty());
        if let Some(mean) = mean_logprob {
            let (low, high) = logprobs
                .iter()
                .fold((0f32, -20f32), |(low, high), &p| (low.min(p), high.max(p)));
            prop_assert!((low - 1e-4..=high + 1e-4).contains(mean));
        }
        if *state != MessageState::Complete {
            prop_assert_eq!(spent.tokens as usize, logprobs.len());
        }
    }
}
