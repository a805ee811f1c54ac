//! Whether the system has memory left.

use sysinfo::System;

/// A share of all memory that should stay free.
const SHARE: u64 = 33;

/// Bytes of a graphics device that should stay free for the desktop.
const DESKTOP: u64 = 128 << 20;

/// Whether a device of `total` bytes has too little left for others. One that tells nothing has enough.
pub(crate) fn is_full(free: u64, total: u64) -> bool {
    total > 0 && free < DESKTOP.min(total / 8)
}

/// Whether so little is left that a model nobody uses should go.
pub(crate) fn is_short() -> bool {
    // A system that tells nothing is not short.
    let Ok(mut system) = System::new() else {
        return false;
    };
    system.refresh_memory();
    system.total_memory() > 0 && system.available_memory() < system.total_memory() / SHARE
}
