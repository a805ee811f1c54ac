//! The profile of macOS's sandbox, in its own language.

use std::{fmt::Write, io, path::Path};

/// A profile for an engine whose libraries lie in `own` and that reads `models`. Fails for a path that is no text.
pub(super) fn text<'a>(own: &Path, models: impl Iterator<Item = &'a Path>) -> io::Result<String> {
    let mut profile = String::from(
        "(version 1)\n\
         (allow default)\n\
         (deny network*)\n\
         (deny process-exec*)\n\
         (deny process-fork)\n\
         (deny signal (target others))\n\
         (deny file-write*)\n\
         (allow file-write* (literal \"/dev/null\"))\n\
         (deny file-read* (subpath \"/Users\") (subpath \"/Volumes\") (subpath \"/private/var/folders\"))\n",
    );
    // The rule that comes last counts. Writing to a string can't fail.
    let _ = writeln!(profile, "(allow file-read* (subpath {}))", quoted(own)?);
    for model in models {
        let _ = writeln!(profile, "(allow file-read* (literal {}))", quoted(model)?);
    }
    Ok(profile)
}

/// A path as a string of that language, links followed: rules are about real paths.
fn quoted(path: &Path) -> io::Result<String> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let text = real
        .to_str()
        .filter(|text| !text.contains(char::is_control))
        .ok_or_else(|| io::Error::other("a path is no text"))?;
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    Ok(format!("\"{escaped}\""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_path_can_not_end_its_rule() {
        let model = Path::new("/Users/x/a\") (allow network*) (\".gguf");
        let profile = text(Path::new("/Applications/Tandem.app"), [model].into_iter()).unwrap();
        let last = profile.lines().last().unwrap();
        assert_eq!(
            last,
            "(allow file-read* (literal \"/Users/x/a\\\") (allow network*) (\\\".gguf\"))"
        );
        assert!(text(Path::new("/"), [Path::new("/a\nb")].into_iter()).is_err());
    }
}
