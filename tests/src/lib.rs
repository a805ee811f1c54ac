//! What whole-system tests and measurements stand on: a desktop of their own, the real window, the built programs.

pub mod adapter;
#[cfg(unix)]
pub mod ask;
pub mod canary;
pub mod corpus;
#[cfg(target_os = "linux")]
pub mod desktop;
pub mod figure;
pub mod programs;
pub mod server;
pub mod stats;
#[cfg(target_os = "linux")]
pub mod window;
