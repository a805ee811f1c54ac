//! The use cases: drives the turn machine against the rest; wire types for hosts.
