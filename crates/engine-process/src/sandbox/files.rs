//! Files, by Landlock: the model and the system's own can be read, graphics devices be used, nothing be written.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

/// The newest rules asked for; an older kernel enforces those that it knows.
const RULES: ABI = ABI::V6;

/// Libraries, drivers and what describes the machine.
const SYSTEM: [&str; 17] = [
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc",
    "/opt",
    "/nix/store",
    "/gnu/store",
    "/run/opengl-driver",
    "/sys",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/devices",
    "/proc/sys",
    "/proc/driver",
];

/// Devices that compute, and those that every C library takes for granted.
const DEVICES: [&str; 8] = [
    "/dev/dri",
    "/dev/kfd",
    "/dev/dxg",
    "/dev/accel",
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
];

/// Restricts this thread and those that it starts. Tells whether the kernel enforces it.
pub(super) fn restrict<'a>(models: impl Iterator<Item = &'a Path>) -> Result<bool, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let compute: BitFlags<AccessFs> = read | AccessFs::WriteFile | AccessFs::IoctlDev;
    let own = env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(Path::to_owned));
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(RULES))?
        .handle_access(AccessNet::from_all(RULES))?
        .scope(Scope::from_all(RULES))?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM, read))?
        .add_rules(path_beneath_rules(
            own.iter().flat_map(|own| libraries(own)),
            read,
        ))?
        .add_rules(path_beneath_rules(models, AccessFs::ReadFile))?
        .add_rules(path_beneath_rules(DEVICES, compute))?
        .add_rules(path_beneath_rules(graphics_cards(), compute))?
        .restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// The engine's own libraries and backends: beside it, and in the library folder of an installed Tandem.
fn libraries(own: &Path) -> [PathBuf; 3] {
    [
        own.to_owned(),
        own.join("../lib/tandem"),
        own.join("../backends"),
    ]
}

/// The nodes that one vendor's driver makes in /dev itself.
fn graphics_cards() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir("/dev") else {
        return vec![];
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("nvidia"))
        .map(|entry| entry.path())
        .collect()
}
