//! The machine's own apt sources: where its packages come from.

use std::path::{Path, PathBuf};

/// One place packages come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The mirror.
    pub(crate) uri: String,
    /// Its first release name, such as `bookworm`.
    pub(crate) suite: String,
    /// The keyring that must have signed it, when one is named.
    pub(crate) signed_by: Option<String>,
}

/// All sources of this machine that are switched on.
pub(crate) fn of_this_machine() -> Vec<Source> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = Path::new("/etc/apt/sources.list.d").read_dir() {
        let mut more: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        more.sort();
        files.extend(more);
    }
    let mut sources = Vec::new();
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        match file.extension().and_then(|ending| ending.to_str()) {
            Some("sources") => sources.extend(deb822(&text)),
            Some("list") => sources.extend(text.lines().filter_map(one_line)),
            _ => {}
        }
    }
    sources
}

/// `deb [signed-by=/key arch=amd64] http://mirror/debian bookworm main`
fn one_line(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim();
    let rest = line.strip_prefix("deb ")?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(inside) => inside.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    let signed_by = options
        .split_whitespace()
        .filter_map(|option| option.split_once('='))
        .find(|(key, _)| key.eq_ignore_ascii_case("signed-by"))
        .map(|(_, value)| value.to_owned());
    Some(Source {
        uri: words.next()?.to_owned(),
        suite: words.next()?.to_owned(),
        signed_by,
    })
}

/// Paragraphs of `Key: value`; a key that is embedded in the file is left out, being no path.
fn deb822(text: &str) -> Vec<Source> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let mut sources = Vec::new();
    for paragraph in lines.split(|line| line.trim().is_empty()) {
        let value = |key: &str| {
            paragraph
                .iter()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
                .map(|(_, value)| value.trim())
        };
        let off = value("Enabled").is_some_and(|value| value.eq_ignore_ascii_case("no"));
        let packages =
            value("Types").is_some_and(|types| types.split_whitespace().any(|kind| kind == "deb"));
        let suite = value("Suites").and_then(|suites| suites.split_whitespace().next());
        if let (false, true, Some(uris), Some(suite)) = (off, packages, value("URIs"), suite) {
            sources.extend(uris.split_whitespace().map(|uri| {
                Source {
                    uri: uri.to_owned(),
                    suite: suite.to_owned(),
                    signed_by: value("Signed-By")
                        .filter(|path| path.starts_with('/'))
                        .map(str::to_owned),
                }
            }));
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_sources_are_read_with_and_without_options() {
        let plain =
            one_line("deb http://mirror.example/debian bookworm main").map(|source| source.uri);
        assert_eq!(plain.as_deref(), Some("http://mirror.example/debian"));
        let signed = one_line(
            "deb [arch=amd64 signed-by=/k.gpg] https://mirror.example/ubuntu noble main # x",
        );
        assert_eq!(
            signed,
            Some(Source {
                uri: "https://mirror.example/ubuntu".into(),
                suite: "noble".into(),
                signed_by: Some("/k.gpg".into()),
            })
        );
        assert_eq!(
            one_line("# deb http://mirror.example/debian bookworm main"),
            None
        );
        assert_eq!(
            one_line("deb-src http://mirror.example/debian bookworm main"),
            None
        );
    }

    #[test]
    fn paragraphs_are_read_and_disabled_ones_are_not() {
        let text = "Types: deb deb-src\n# a remark\nURIs: http://a.example/debian\nSuites: bookworm bookworm-updates\n\
                    Components: main\nSigned-By: /k.gpg\n\nEnabled: no\nTypes: deb\nURIs: http://b.example\nSuites: x\n\n\
                    Types: deb-src\nURIs: http://c.example\nSuites: x\n";
        let sources = deb822(text);
        assert_eq!(sources.len(), 1);
        assert_eq!(sources[0].uri, "http://a.example/debian");
        assert_eq!(sources[0].suite, "bookworm");
        assert_eq!(sources[0].signed_by.as_deref(), Some("/k.gpg"));
    }
}
