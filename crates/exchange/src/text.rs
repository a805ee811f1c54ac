//! Words of other programs, made harmless and of one form.

use std::borrow::Cow;

use crate::limits;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// The person.
    Person,
    /// The model.
    Model,
    /// Instructions to the model.
    Instructions,
    /// A program that the model called.
    Tool,
    /// Nobody that is known.
    Unknown,
}

/// Who speaks, by any assistant's word for it.
pub(crate) fn role(word: &str) -> Speaker {
    match word.trim().to_ascii_lowercase().as_str() {
        "user" | "human" | "person" => Speaker::Person,
        "assistant" | "model" | "bot" | "ai" => Speaker::Model,
        "system" | "developer" => Speaker::Instructions,
        "tool" | "function" | "tool_result" | "ipython" => Speaker::Tool,
        _ => Speaker::Unknown,
    }
}

/// A text as it is kept: without zero bytes, and cut where it is longer than a message may be. Says whether it was cut.
pub(crate) fn body(text: &str) -> (String, bool) {
    let kept = text.get(..floor(text, limits::MESSAGE)).unwrap_or_default();
    (kept.replace('\0', "\u{fffd}"), kept.len() < text.len())
}

/// A title or a name, on one line and of bounded length.
pub(crate) fn line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words
        .join(" ")
        .chars()
        .filter(|&letter| !is_direction(letter))
        .take(limits::NAME)
        .collect::<String>()
        .trim_end()
        .to_owned()
}

/// [`line`], or nothing where it is empty.
pub(crate) fn name(text: &str) -> Option<String> {
    Some(line(text)).filter(|name| !name.is_empty())
}

/// An id of bounded length.
pub(crate) fn id(text: &str) -> &str {
    text.get(..floor(text, limits::ID)).unwrap_or_default()
}

/// The name of a file, without folders, without what a system reads as more than a letter; never empty.
pub fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .map(|letter| match letter {
            '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
            letter if letter.is_control() => '_',
            letter => letter,
        })
        .filter(|&letter| !is_direction(letter))
        .collect();
    let clean = clean
        .trim()
        .trim_start_matches('.')
        .trim_end_matches(['.', ' ']);
    let (stem, extension) = match clean.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 12 => {
            (stem, Some(extension))
        }
        _ => (clean, None),
    };
    let mut stem = stem
        .get(..floor(stem, limits::FILE_NAME))
        .unwrap_or_default()
        .trim()
        .to_owned();
    if stem.is_empty() {
        "file".clone_into(&mut stem);
    }
    if is_device(&stem) {
        stem.insert(0, '_');
    }
    match extension {
        Some(extension) => format!("{stem}.{extension}"),
        None => stem,
    }
}

/// What kind a file is of, by the ending of its name.
pub(crate) fn mime(name: &str) -> &'static str {
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase())
        .unwrap_or_default();
    match ending.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "pdf" => "application/pdf",
        "txt" | "log" => "text/plain",
        "md" => "text/markdown",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "json" => "application/json",
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

/// What kind it says to be of, where that is a word for one, else by its name.
pub(crate) fn mime_or(said: &str, name: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/+-._".contains(letter);
    if said.len() <= 100 && said.split('/').count() == 2 && said.chars().all(plain) {
        said.to_ascii_lowercase()
    } else {
        mime(name).to_owned()
    }
}

/// The ending of a file of this kind.
pub(crate) fn ending(mime: &str) -> &'static str {
    match mime {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "application/pdf" => "pdf",
        "text/plain" => "txt",
        _ => "bin",
    }
}

/// What kind a picture is of, by its first bytes.
pub(crate) fn picture(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}

/// A text without its blocks between `open` and `close`, and how many there were. One that isn't closed stays.
pub(crate) fn without_blocks<'a>(text: &'a str, open: &str, close: &str) -> (Cow<'a, str>, u64) {
    if !text.contains(open) {
        return (Cow::Borrowed(text), 0);
    }
    let (mut kept, mut rest, mut found) = (String::with_capacity(text.len()), text, 0);
    while let Some((before, after)) = rest.split_once(open) {
        let Some((_, behind)) = after.split_once(close) else {
            break;
        };
        kept.push_str(before);
        rest = behind.trim_start_matches(['\n', '\r']);
        found += 1;
    }
    kept.push_str(rest);
    (Cow::Owned(kept), found)
}

/// Marks that turn the direction of what follows: in a name they hide its ending.
fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Names that Windows takes for devices.
fn is_device(stem: &str) -> bool {
    let upper = stem.to_ascii_uppercase();
    matches!(upper.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (upper.len() == 4
            && (upper.starts_with("COM") || upper.starts_with("LPT"))
            && upper.ends_with(|last: char| last.is_ascii_digit()))
}

/// The last place at or before `at` where a letter begins.
fn floor(text: &str, at: usize) -> usize {
    if text.len() <= at {
        return text.len();
    }
    (0..=at)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_for_a_speaker_is_one_of_four() {
        for (word, speaker) in [
            ("user", Speaker::Person),
            ("Human", Speaker::Person),
            ("assistant", Speaker::Model),
            (" ASSISTANT ", Speaker::Model),
            ("system", Speaker::Instructions),
            ("developer", Speaker::Instructions),
            ("tool", Speaker::Tool),
            ("", Speaker::Unknown),
            ("critic", Speaker::Unknown),
        ] {
            assert_eq!(role(word), speaker, "{word}");
        }
    }

    #[test]
    fn a_file_s_name_leads_nowhere() {
        for (name, kept) in [
            ("photo.png", "photo.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\me\\notes.txt", "notes.txt"),
            ("/", "file"),
            ("", "file"),
            ("..", "file"),
            (".bashrc", "bashrc"),
            ("a\0b\n.txt", "a_b_.txt"),
            ("con.txt", "_con.txt"),
            ("COM1", "_COM1"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("what?.md", "what_.md"),
            ("日本語.txt", "日本語.txt"),
        ] {
            assert_eq!(file_name(name), kept, "{name:?}");
        }
        let long = file_name(&format!("{}.txt", "é".repeat(1000)));
        assert!(long.len() <= limits::FILE_NAME + 4);
        assert!(long.ends_with("é.txt"));
    }

    #[test]
    fn a_title_is_one_line() {
        assert_eq!(line("  a\n\tb\u{0}c  "), "a b c");
        assert_eq!(line(&"x".repeat(1000)).len(), limits::NAME);
        assert_eq!(name("\n"), None);
    }

    #[test]
    fn blocks_are_taken_out_and_counted() {
        let (kept, found) = without_blocks("a<t>b</t>\nc<t>d</t>e<t>f", "<t>", "</t>");
        assert_eq!((kept.as_ref(), found), ("ace<t>f", 2));
    }

    #[test]
    fn only_a_word_for_a_kind_is_taken_for_one() {
        assert_eq!(mime_or("image/PNG", "x"), "image/png");
        assert_eq!(mime_or("..\\x y", "a.pdf"), "application/pdf");
        assert_eq!(mime_or("png", "a.bin"), "application/octet-stream");
        assert_eq!(mime_or("text/html; <script>", "a.txt"), "text/plain");
    }
}
