//! What a turn asks of the world.

use crate::{GenerateFailure, Generated, MessageState, Route};

/// Something to do. Effects of one step are carried out in their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Store question and empty answer for good, then tell [`super::Event::Persisted`] or
    /// [`super::Event::NotPersisted`].
    Persist,
    /// Decide where the turn runs, then tell [`super::Event::Routed`].
    Decide,
    /// Start to generate there.
    Start(Route),
    /// Make generating stop: drop its stream.
    Stop,
    /// Show that the prompt was read.
    ShowStarted,
    /// Show more text.
    Show(String),
    /// Say in one line what went wrong.
    Tell(GenerateFailure),
    /// Say in one line that it broke off, why, and that it goes on.
    TellResumed(String),
    /// Store the text so far.
    Checkpoint,
    /// Store the answer as it stays. The last effect of a turn that was persisted.
    Finish {
        /// How far it got.
        state: MessageState,
        /// What was spent, as far as it is known.
        spent: Generated,
        /// Mean log-probability of its tokens; `None` without tokens.
        mean_logprob: Option<f32>,
        /// Where it ran and why; `None` if it never came to that.
        route: Option<(Route, &'static str)>,
    },
    /// The question could not be stored: give its text back to the person. The last effect of such a turn.
    GiveBack,
}
