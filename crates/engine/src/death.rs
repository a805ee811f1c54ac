//! How an engine process ended, as far as the system tells.

use std::{fmt, process::ExitStatus};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// It was killed from outside; most often the system was short of memory.
    Killed,
    /// It gave up by itself: a failed assertion or allocation.
    Aborted,
    /// The processor doesn't know an instruction.
    IllegalInstruction,
    /// It touched memory that isn't its own.
    Crashed,
    /// It ended with this code.
    Exited(i32),
    /// The system doesn't tell.
    Unknown,
}

impl Death {
    pub(crate) fn of(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return match signal {
                4 => Self::IllegalInstruction,
                6 => Self::Aborted,
                7 | 8 | 11 => Self::Crashed,
                9 | 15 => Self::Killed,
                _ => Self::Unknown,
            };
        }
        // Windows: the exception is the exit code.
        #[expect(clippy::cast_sign_loss, reason = "NTSTATUS codes are unsigned")]
        match status.code() {
            Some(code) if code as u32 == 0xC000_0005 => Self::Crashed,
            Some(code) if code as u32 == 0xC000_001D => Self::IllegalInstruction,
            Some(code) if code as u32 == 0xC000_0409 => Self::Aborted,
            Some(code) => Self::Exited(code),
            None => Self::Unknown,
        }
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed => f.write_str("it was ended from outside, perhaps for lack of memory"),
            Self::Aborted => f.write_str("it gave up"),
            Self::IllegalInstruction => {
                f.write_str("the processor doesn't know one of its instructions")
            }
            Self::Crashed => f.write_str("it crashed"),
            Self::Exited(code) => write!(f, "it ended with code {code}"),
            Self::Unknown => f.write_str("the system doesn't say why"),
        }
    }
}
