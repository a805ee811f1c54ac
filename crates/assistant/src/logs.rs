//! The log: a file beside the data, without content and without keys.

use std::{
    fs::{self, OpenOptions},
    io,
    sync::Mutex,
};

use tracing_subscriber::EnvFilter;

use crate::Paths;

/// Bytes after which the log is begun anew at the next start; the one before is kept.
const MAX_LOG: u64 = 4 << 20;

/// Keeps the log from here on. `TANDEM_LOG` chooses the level, as in `info` or `tandem_engine_client=trace`.
pub fn keep_logs(paths: &Paths) -> io::Result<()> {
    let path = paths.log();
    if fs::metadata(&path).is_ok_and(|log| log.len() > MAX_LOG) {
        fs::rename(&path, path.with_extension("log.1"))?;
    }
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let filter = EnvFilter::try_from_env("TANDEM_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A second start within one process, as tests do, keeps the first log.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .try_init();
    Ok(())
}
