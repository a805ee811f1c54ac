//! Client of the engine process: finds and starts it, loads the chosen model when it is needed, streams answers,
//! tells death from a hang, and starts it anew for the next question.

mod actor;
mod ask;
mod breaker;
mod death;
mod engine;
mod error;
mod find;
mod frugal;
mod keeping;
mod memory;
mod model;
mod patience;
mod power;
mod process;
mod shelf;
mod status;
mod stream;
mod translate;

pub use death::Death;
pub use engine::Engine;
pub use error::EngineError;
pub use find::find_engine;
pub use model::Model;
pub use shelf::Shelf;
pub use status::{Counted, GivenUp, Ready, Report, Status};
pub use tandem_protocol::{Confinement, Device, DeviceKind, LoadProblem, Offload, ScoredToken};
