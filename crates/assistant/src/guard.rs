//! What keeps conversations and keys in this process's memory out of files and from other programs of the person.

use std::io;

/// No core dump, also none of the processes that this one starts, and no reading of this one's memory by programs that run
/// as the same person. For a host, before anything else.
#[cfg(target_os = "linux")]
pub fn guard() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    no_core_dumps()?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// No core dump, also none of the processes that this one starts.
#[cfg(all(unix, not(target_os = "linux")))]
pub fn guard() -> io::Result<()> {
    no_core_dumps()
}

/// Nothing here: crash dumps are the system's to forbid.
#[cfg(windows)]
pub fn guard() -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn no_core_dumps() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )?;
    Ok(())
}
