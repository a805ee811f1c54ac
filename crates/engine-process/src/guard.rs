//! What is done before anything else: the streams are made safe from libraries that print, and the process from
//! leaving a copy of a conversation behind.

use std::{fs::File, io};

/// The streams to the host. Descriptor 1 points to standard error from here on: drivers print.
#[cfg(unix)]
pub(crate) fn streams() -> io::Result<(File, File)> {
    let input = rustix::io::dup(rustix::stdio::stdin())?;
    let output = rustix::io::dup(rustix::stdio::stdout())?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok((File::from(input), File::from(output)))
}

/// The streams to the host. Descriptor 1 points to standard error from here on: drivers print.
#[cfg(windows)]
pub(crate) fn streams() -> io::Result<(File, File)> {
    use std::os::windows::io::{AsHandle, OwnedHandle};
    let input: OwnedHandle = io::stdin().as_handle().try_clone_to_owned()?;
    let output: OwnedHandle = io::stdout().as_handle().try_clone_to_owned()?;
    // SAFETY: both are descriptors of the C runtime that exist from the start, and no thread prints yet.
    if unsafe { libc::dup2(2, 1) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((File::from(input), File::from(output)))
}

/// No core dump, no reading of memory by other processes of this person, and death with the host.
#[cfg(target_os = "linux")]
pub(crate) fn process() -> io::Result<()> {
    use rustix::process::{
        DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior,
        set_parent_process_death_signal, setrlimit,
    };
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    // The signal follows the thread that started this process: the host starts it from one that lives as long.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

/// No core dump. The end of the input tells that the host is gone.
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) fn process() -> io::Result<()> {
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

/// Nothing here: the host's job object ends this process with it, and crash dumps are the host's to forbid.
#[cfg(windows)]
pub(crate) fn process() -> io::Result<()> {
    Ok(())
}

/// Ends the process at once, without the C++ libraries' exit code, which isn't safe while threads compute.
pub(crate) fn exit() -> ! {
    // SAFETY: `_exit` takes any code and returns to nobody.
    unsafe { libc::_exit(0) }
}
