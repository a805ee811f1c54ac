//! Client of the engine process: start, talk, supervise.
