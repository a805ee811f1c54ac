//! The use cases of Tandem: drives the turn machine against engine, vault and models, and speaks to every
//! host (window, terminal, test) in one set of wire types.

mod assistant;
mod attach;
mod bench;
mod branches;
mod conversations;
mod doctor;
mod door;
mod drafts;
mod drive;
mod exchange;
mod failure;
mod fitting;
mod gate;
mod guard;
mod history;
mod input;
mod keys;
mod library;
mod lock;
mod logs;
mod paths;
mod safety;
mod shelf;
mod turns;
mod unsaved;
pub mod wire;

pub use door::Door;
pub use drive::CHECKPOINT;
pub use guard::guard;
pub use logs::keep_logs;
pub use paths::Paths;
