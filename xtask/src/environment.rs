//! The variables the build needs, for our own Cargo calls and for building by hand.

use std::ffi::OsString;

use crate::place::Place;
use crate::vulkan;

/// Name and value of each.
pub(crate) fn variables(place: &Place) -> Vec<(&'static str, OsString)> {
    vulkan::variables(place)
}

/// Prints them for a shell: `eval "$(cargo xtask env)"`.
pub(crate) fn print(place: &Place) {
    let mut all = variables(place);
    if std::env::var_os("CARGO_TARGET_DIR").is_some() {
        all.insert(0, ("CARGO_TARGET_DIR", place.target().into()));
    }
    for (key, value) in all {
        println!("export {key}={}", quoted(&value.to_string_lossy()));
    }
}

/// As it stands where that is safe, else in single quotes.
fn quoted(value: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-:+".contains(letter);
    if value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_a_shell() {
        assert_eq!(quoted("/a/b:/c"), "/a/b:/c");
        assert_eq!(quoted("/a b/it's"), r"'/a b/it'\''s'");
    }
}
