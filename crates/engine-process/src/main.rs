//! The engine: the only program that links llama.cpp. It reads requests from its standard input and writes events to
//! its standard output, in the frames of `tandem-protocol`, until its input ends.
//!
//! It is a process of its own because llama.cpp ends the process on a failed assertion, a driver's fault or a
//! shortage of memory, and because a model file is untrusted.

// The one crate that talks to C: each `unsafe` says why it holds.
#![allow(unsafe_code)]

mod answers;
mod backends;
mod context;
mod distribution;
mod drafter;
mod drafting;
mod embed;
mod fault;
mod generate;
mod guard;
mod inbox;
mod logs;
mod lookup;
mod memory;
mod model;
mod outbox;
mod pace;
mod prompt;
mod sampler;
mod sandbox;
mod saved;
mod score;
mod serve;
mod session;
mod speech;
mod stop;
mod stopwatch;
mod template;
mod utf8;

use std::process::ExitCode;

fn main() -> ExitCode {
    let (input, output) = match guard::streams() {
        Ok(streams) => streams,
        Err(error) => return fault::report("the standard streams can't be used", &error),
    };
    if let Err(error) = guard::process() {
        return fault::report("the process can't be guarded", &error);
    }
    match serve::run(input, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fault::report("the conversation with the host broke", &error),
    }
}
