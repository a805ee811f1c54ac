//! The use cases of Tandem: drives the turn machine against engine, vault and models, and speaks to every
//! host (window, terminal, test) in one set of wire types.

pub mod wire;
