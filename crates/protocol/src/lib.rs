//! What host and engine say to each other: frames over the engine's standard input and output.
//!
//! A frame is its length (`u32`, little endian, the body's bytes alone) and its body in postcard. The first frame each
//! way is [`Hello`], whose form never changes, so that two versions that can't talk can at least say so. Then the
//! host sends a [`Permit`], and the engine answers with its [`Confinement`].

mod device;
mod event;
mod frame;
mod hello;
mod request;
mod state;

pub use device::{Chosen, Device, DeviceKind, LoadProblem, Loaded};
pub use event::{Event, FinishReason, Problem, ScoredToken, Spent, Token};
pub use frame::{FrameError, MAX_FRAME, read, write};
pub use hello::{Confinement, Hello, Permit, VERSION};
pub use request::{
    Constraint, Drafts, Generate, Load, Message, Offload, Request, Role, Sampling, Score,
};
pub use state::{STATE_PART, StatePart};
