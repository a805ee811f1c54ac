//! Client of the engine process: finds and starts it, loads the chosen model when it is needed, streams answers,
//! tells death from a hang, and starts it anew for the next question.

mod actor;
mod death;
mod engine;
mod error;
mod find;
mod process;
mod status;
mod translate;

pub use death::Death;
pub use engine::{Engine, Model};
pub use error::EngineError;
pub use find::find_engine;
pub use status::{Ready, Report, Status};
pub use tandem_protocol::{Confinement, Device, DeviceKind, LoadProblem, Offload};
