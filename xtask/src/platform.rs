//! Which system this is, and how it installs packages.

use crate::command;

/// A system's package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    /// Debian, Ubuntu and their kin.
    Apt,
    /// Fedora and its kin.
    Dnf,
    /// Arch and its kin.
    Pacman,
    /// macOS with Homebrew.
    Brew,
    /// Windows.
    Winget,
}

impl Platform {
    /// The first package manager found here.
    pub(crate) fn detect() -> Option<Self> {
        let candidates: &[(&str, Self)] = if cfg!(target_os = "macos") {
            &[("brew", Self::Brew)]
        } else if cfg!(windows) {
            &[("winget", Self::Winget)]
        } else {
            &[
                ("apt-get", Self::Apt),
                ("dnf", Self::Dnf),
                ("pacman", Self::Pacman),
            ]
        };
        candidates
            .iter()
            .find(|(program, _)| command::on_path(program).is_some())
            .map(|(_, platform)| *platform)
    }
}

/// The value of a key of `os-release`, such as `ID` or `VERSION_CODENAME`.
pub(crate) fn os_release(key: &str) -> Option<String> {
    value_in(&std::fs::read_to_string("/etc/os-release").ok()?, key)
}

fn value_in(text: &str, key: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_values_lose_their_quotes() {
        let text = "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n";
        assert_eq!(value_in(text, "ID").as_deref(), Some("debian"));
        assert_eq!(
            value_in(text, "PRETTY_NAME").as_deref(),
            Some("Debian GNU/Linux 12")
        );
        assert_eq!(value_in(text, "NAME"), None);
    }
}
