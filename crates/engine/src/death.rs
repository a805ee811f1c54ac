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
    /// It asked for memory that isn't there.
    OutOfMemory,
    /// The graphics device went away under it.
    DeviceLost,
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

impl Death {
    /// The same death, told from what the process said at last.
    pub(crate) fn explained_by(self, words: &str) -> Self {
        if !matches!(self, Self::Aborted | Self::Exited(_)) {
            return self;
        }
        let words = words.to_lowercase();
        let says = |any: &[&str]| any.iter().any(|part| words.contains(part));
        if says(&["devicelost", "device lost", "device_lost"]) {
            Self::DeviceLost
        } else if says(&[
            "bad_alloc",
            "alloc",
            "out of memory",
            "outofdevicememory",
            "outofhostmemory",
        ]) {
            Self::OutOfMemory
        } else {
            self
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
            Self::OutOfMemory => f.write_str("there wasn't enough memory"),
            Self::DeviceLost => f.write_str("the graphics device went away"),
            Self::Exited(code) => write!(f, "it ended with code {code}"),
            Self::Unknown => f.write_str("the system doesn't say why"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "terminate called after throwing an instance of 'std::bad_alloc'",
        Death::OutOfMemory
    )]
    #[case(
        "ggml_vulkan: Device memory allocation of size 1024 failed.",
        Death::OutOfMemory
    )]
    #[case(
        "terminate called: vk::Queue::submit: ErrorDeviceLost",
        Death::DeviceLost
    )]
    #[case("ggml.c:123: GGML_ASSERT(n > 0) failed", Death::Aborted)]
    fn an_abort_is_told_by_its_last_words(#[case] words: &str, #[case] death: Death) {
        assert_eq!(Death::Aborted.explained_by(words), death);
        assert_eq!(Death::Killed.explained_by(words), Death::Killed);
    }
}
