//! Consent before anything is installed.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Result, bail};

/// Asks at a terminal; without one, and in CI, the answer is yes: nobody is there to ask.
pub(crate) fn consent(what: &str) -> Result<()> {
    let unattended = std::env::var("CI").is_ok_and(|value| value == "true");
    if unattended || !std::io::stdin().is_terminal() {
        return Ok(());
    }
    print!("    {what} [y/n] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("y") || answer.trim().eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    bail!("stopped: you did not want that installed")
}
