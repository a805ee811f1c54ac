//! The engine's last words, for the host's log. Never content.

use std::{error::Error, io::Write, process::ExitCode};

/// Says why the engine ends.
pub(crate) fn report(what: &str, error: &dyn Error) -> ExitCode {
    // Nobody may be listening any more; there is no one else to tell.
    let _ = writeln!(std::io::stderr(), "tandem-engine: {what}: {error}");
    ExitCode::FAILURE
}
