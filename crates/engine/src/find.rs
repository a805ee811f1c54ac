//! Where the engine's program lies.

use std::{
    env, io,
    path::{Path, PathBuf},
};

/// The engine's program: beside the running one, one folder up (test programs), or in the library folder of an
/// installed Tandem. Never on the PATH: what is found there isn't ours.
pub fn find_engine() -> io::Result<PathBuf> {
    let exe = env::current_exe()?;
    let beside = exe.parent().unwrap_or(Path::new(""));
    let name = format!("tandem-engine{}", env::consts::EXE_SUFFIX);
    [
        beside.join(&name),
        beside.join("..").join(&name),
        beside.join("../lib/tandem").join(&name),
    ]
    .into_iter()
    .find(|path| path.is_file())
    .ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            format!("{name} is not in {}", beside.display()),
        )
    })
}
