//! The rules of a turn, one arm each.

use super::{Effect, Event};
use crate::{Finish, GenerateFailure, Generated, MessageState, Route};

/// How far a turn is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum State {
    /// Nothing was sent yet.
    #[default]
    Idle,
    /// The question is being stored. A cancel that comes meanwhile is remembered: what is being written is written.
    Persisting {
        /// How the turn ends as soon as it is stored.
        end: Option<MessageState>,
    },
    /// The question is stored; where to run is being decided.
    Routing,
    /// Text is being generated.
    Running(Running),
    /// Nothing more happens.
    Ended,
}

/// What is known of a turn that generates.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    route: Route,
    reason: &'static str,
    prompt_tokens: u32,
    tokens: u32,
    logprobs: f64,
    unsaved: bool,
}

/// The next state, and what to do.
///
/// Events that have no meaning in a state (a token after the end, a second cancel) change nothing: streams and
/// clicks cross on their way.
pub fn step(state: State, event: Event) -> (State, Vec<Effect>) {
    match (state, event) {
        (State::Idle, Event::Sent) => (State::Persisting { end: None }, vec![Effect::Persist]),
        (State::Idle, Event::Cancel | Event::Lock) => (State::Ended, vec![]),

        (State::Persisting { end: None }, Event::Persisted) => {
            (State::Routing, vec![Effect::Decide])
        }
        (State::Persisting { end: Some(end) }, Event::Persisted) => ended_unrouted(end),
        (State::Persisting { .. }, Event::NotPersisted) => (State::Ended, vec![Effect::GiveBack]),
        (State::Persisting { .. }, Event::Cancel) => (
            State::Persisting {
                end: Some(MessageState::Stopped),
            },
            vec![],
        ),
        (State::Persisting { .. }, Event::Lock) => (
            State::Persisting {
                end: Some(MessageState::Interrupted),
            },
            vec![],
        ),

        (State::Routing, Event::Routed { route, reason }) => {
            let running = Running {
                route,
                reason,
                prompt_tokens: 0,
                tokens: 0,
                logprobs: 0.0,
                unsaved: false,
            };
            (State::Running(running), vec![Effect::Start(route)])
        }
        (State::Routing, Event::Cancel) => ended_unrouted(MessageState::Stopped),
        (State::Routing, Event::Lock) => ended_unrouted(MessageState::Interrupted),

        (State::Running(running), event) => run(running, event),
        (state, _) => (state, vec![]),
    }
}

fn run(mut running: Running, event: Event) -> (State, Vec<Effect>) {
    match event {
        Event::Started { prompt_tokens } => {
            running.prompt_tokens = prompt_tokens;
            (State::Running(running), vec![Effect::ShowStarted])
        }
        Event::Token(token) => {
            running.tokens += 1;
            running.logprobs += f64::from(token.logprob);
            let mut effects = vec![];
            if !token.text.is_empty() {
                running.unsaved = true;
                effects.push(Effect::Show(token.text));
            }
            (State::Running(running), effects)
        }
        Event::CheckpointDue if running.unsaved => {
            running.unsaved = false;
            (State::Running(running), vec![Effect::Checkpoint])
        }
        Event::Resumed(why) => (State::Running(running), vec![Effect::TellResumed(why)]),
        Event::Finished(finish, spent) => {
            let finished = running.finish(MessageState::Complete, Some(spent));
            let mut effects = vec![];
            if finish == Finish::ContextFull {
                effects.push(Effect::Tell(GenerateFailure::ContextFull));
            }
            effects.push(finished);
            (State::Ended, effects)
        }
        Event::Failed(failure) => {
            let finished = running.finish(MessageState::Interrupted, None);
            (State::Ended, vec![Effect::Tell(failure), finished])
        }
        Event::Cancel => {
            let finished = running.finish(MessageState::Stopped, None);
            (State::Ended, vec![Effect::Stop, finished])
        }
        Event::Lock => {
            let finished = running.finish(MessageState::Interrupted, None);
            (State::Ended, vec![Effect::Stop, finished])
        }
        Event::Sent
        | Event::Persisted
        | Event::NotPersisted
        | Event::Routed { .. }
        | Event::CheckpointDue => (State::Running(running), vec![]),
    }
}

impl Running {
    fn finish(&self, state: MessageState, spent: Option<Generated>) -> Effect {
        // A stream that was dropped or broke off reports nothing: what was seen of it stands.
        let seen = Generated {
            prompt_tokens: self.prompt_tokens,
            tokens: self.tokens,
            ..Generated::default()
        };
        #[expect(clippy::cast_possible_truncation, reason = "a mean of f32 values")]
        let mean_logprob =
            (self.tokens > 0).then(|| (self.logprobs / f64::from(self.tokens)) as f32);
        Effect::Finish {
            state,
            spent: spent.unwrap_or(seen),
            mean_logprob,
            route: Some((self.route, self.reason)),
        }
    }
}

fn ended_unrouted(state: MessageState) -> (State, Vec<Effect>) {
    let finish = Effect::Finish {
        state,
        spent: Generated::default(),
        mean_logprob: None,
        route: None,
    };
    (State::Ended, vec![finish])
}
