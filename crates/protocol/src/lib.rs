//! What host and engine say to each other: frames over the engine's standard input and output.
//!
//! A frame is its length (`u32`, little endian, the body's bytes alone) and its body in postcard. The first frame each
//! way is [`Hello`], whose form never changes, so that two versions that can't talk can at least say so. Then the
//! host sends a [`Permit`], and the engine answers with its [`Confinement`].

mod frame;
mod hello;
mod message;

pub use frame::{FrameError, MAX_FRAME, read, write};
pub use hello::{Confinement, Hello, Permit, VERSION};
pub use message::{
    Chosen, Device, DeviceKind, Event, FinishReason, Generate, Load, LoadProblem, Loaded, Message,
    Offload, Problem, Request, Role, Sampling, Spent,
};
