//! To the terminal, without control characters: it would obey those that a model or its file says.

use std::io::{self, Write};

use tandem_assistant::wire::Failure;

/// The answer's text, to standard output, at once.
pub(crate) fn answer(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(visible(text).as_bytes())
        .and_then(|()| out.flush())
        .map_err(closed)
}

/// Anything else, to standard error: standard output is the answer's alone.
pub(crate) fn aside(text: &str) {
    // Nobody may be reading.
    let _ = writeln!(io::stderr(), "{}", visible(text));
}

fn visible(text: &str) -> String {
    text.chars()
        .filter(|&c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn closed(error: io::Error) -> Failure {
    Failure {
        code: "terminal.closed".into(),
        message: format!("The answer can't be shown: {error}."),
    }
}
