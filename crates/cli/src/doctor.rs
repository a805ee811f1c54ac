//! The doctor's report in the terminal.

use std::process::ExitCode;

use tandem_assistant::{
    Door,
    wire::{Call, Failure, Outcome, Reply},
};

use crate::{ask::unexpected, speak::answer};

/// Prints the report; the exit code tells whether anything is broken.
pub(crate) async fn run(door: &Door) -> Result<ExitCode, Failure> {
    let Reply::Doctor(lines) = door.call(Call::Doctor).await? else {
        return Err(unexpected());
    };
    let mut code = ExitCode::SUCCESS;
    for line in lines {
        let mark = match line.outcome {
            Outcome::Good => "ok  ",
            Outcome::Note => "note",
            Outcome::Bad => {
                code = ExitCode::FAILURE;
                "BAD "
            }
        };
        answer(&format!("{mark}  {:9} {}\n", line.topic, line.text))?;
    }
    Ok(code)
}
