//! Rust source without its comments and the text inside its strings, line by line.

/// Blanks comments, strings and characters; every line keeps its number.
pub(super) fn of(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    let mut before = ' ';
    while let Some(letter) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if letter == '"' {
            string(rest)
        } else if letter == 'r' && !is_word(before) && raw_string(rest).is_some() {
            raw_string(rest).unwrap_or(1)
        } else if letter == '\'' {
            character(rest)
        } else {
            code.push(letter);
            before = letter;
            rest = &rest[letter.len_utf8()..];
            continue;
        };
        code.extend(rest[..length].chars().filter(|letter| *letter == '\n'));
        code.push(' ');
        before = ' ';
        rest = &rest[length..];
    }
    code
}

/// Whether a letter can be part of a name.
pub(super) fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string(text: &str) -> Option<usize> {
    let hashes = text[1..]
        .chars()
        .take_while(|letter| *letter == '#')
        .count();
    let inside = 1 + hashes;
    text[inside..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let found = text[inside + 1..].find(&end)?;
    Some(inside + 1 + found + end.len())
}

/// A character's length, or one for the tick of a lifetime.
fn character(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    match letters.next() {
        Some((_, '\\')) => text[3.min(text.len())..].find('\'').map_or(1, |at| at + 4),
        Some(_) => match letters.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_is_blank_and_lines_stay() {
        let source = "let a = \"one \\\" two\"; // three\n/* four\n/* five */ six */ let b = r#\"seven\"#;\nfn f<'x>(c: char) { c == '\"' || c == '\\'' }";
        let code = of(source);
        for word in ["one", "two", "three", "four", "five", "six", "seven"] {
            assert!(!code.contains(word), "{word}");
        }
        assert!(code.contains("let a") && code.contains("let b") && code.contains("fn f<"));
        assert_eq!(code.lines().count(), source.lines().count());
    }
}
