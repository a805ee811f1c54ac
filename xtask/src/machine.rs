//! The machine a figure was measured on, in one line and without its name.

use std::process::Command;

use crate::command;
use crate::platform::os_release;

/// For example `AMD EPYC 9B14, 2 cores, 24 GiB, Debian GNU/Linux 12 (bookworm)`.
pub(crate) fn description() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut parts = vec![
        processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        format!("{cores} cores"),
    ];
    parts.extend(memory().map(|gibibytes| format!("{gibibytes} GiB")));
    parts.push(os_release("PRETTY_NAME").unwrap_or_else(|| std::env::consts::OS.to_owned()));
    parts.join(", ")
}

fn processor() -> Option<String> {
    if cfg!(target_os = "macos") {
        let name = command::probe(Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"]))?;
        return Some(name.trim().to_owned());
    }
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let (_, name) = text
        .lines()
        .find(|line| line.starts_with("model name"))?
        .split_once(':')?;
    Some(name.trim().to_owned())
}

/// Rounded to whole GiB.
fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kibibytes: u64 = text
        .lines()
        .find(|line| line.starts_with("MemTotal"))?
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()?;
    Some((kibibytes + (1 << 19)) >> 20)
}
