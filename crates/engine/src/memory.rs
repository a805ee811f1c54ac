//! Whether the system has memory left.

use sysinfo::System;

/// A share of all memory that should stay free.
const SHARE: u64 = 33;

/// Whether so little is left that a model nobody uses should go.
pub(crate) fn is_short() -> bool {
    // A system that tells nothing is not short.
    let Ok(mut system) = System::new() else {
        return false;
    };
    system.refresh_memory();
    system.total_memory() > 0 && system.available_memory() < system.total_memory() / SHARE
}
