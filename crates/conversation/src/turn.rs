//! The turn machine: `step(state, event) -> (state, effects)`, and nothing else. No clock, no channel, no input or
//! output. The assistant carries the effects out and feeds back what came of them.

mod effect;
mod event;
mod step;

pub use effect::Effect;
pub use event::Event;
pub use step::{State, step};
