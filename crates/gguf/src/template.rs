//! The chat template: a Jinja program inside an untrusted file. It runs fenced in elsewhere; here its size and depth.

use crate::{GgufError, Header, Value};

/// Bytes of a template at most; the engine takes no longer ones.
const MAX_TEMPLATE: usize = 1 << 20;
/// Blocks within blocks at most, and brackets within brackets. Readers of templates work in recursion.
const MAX_DEPTH: usize = 100;

/// Checks every chat template of the file.
pub(crate) fn check(header: &Header) -> Result<(), GgufError> {
    for (key, value) in &header.values {
        let Value::Text(template) = value else {
            continue;
        };
        let rest = key.strip_prefix("tokenizer.chat_template");
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
            check_one(template)?;
        }
    }
    Ok(())
}

fn check_one(template: &str) -> Result<(), GgufError> {
    if template.len() > MAX_TEMPLATE {
        return Err(GgufError::Absurd {
            what: "the length of the chat template",
            value: template.len() as u64,
        });
    }
    if depth(template) > MAX_DEPTH {
        return Err(GgufError::Unsound(
            "the chat template is nested too deeply".into(),
        ));
    }
    Ok(())
}

/// The deepest nesting: of blocks, and of brackets within one tag.
fn depth(template: &str) -> usize {
    let mut blocks = 0usize;
    let mut deepest = 0;
    let mut rest = template;
    while let Some((_, behind)) = rest.split_once('{') {
        rest = behind;
        let Some(opening) = rest.chars().next().filter(|c| "{%#".contains(*c)) else {
            continue;
        };
        rest = rest.get(1..).unwrap_or_default();
        if opening == '#' {
            rest = rest.split_once("#}").map_or("", |(_, behind)| behind);
            continue;
        }
        if opening == '%' {
            blocks = nested(blocks, rest);
        }
        let (length, brackets) = tag(rest, opening == '{');
        deepest = deepest.max(blocks).max(brackets);
        rest = rest.get(length..).unwrap_or_default();
    }
    deepest
}

/// How many blocks are open behind the tag that begins `rest`. `set` is left out: most of them have no end.
fn nested(open: usize, rest: &str) -> usize {
    let word = rest.trim_start_matches(['-', '+', ' ', '\t', '\n', '\r']);
    let end = word.find(|c: char| !c.is_ascii_alphabetic());
    match &word[..end.unwrap_or(word.len())] {
        "for" | "if" | "macro" | "call" | "filter" | "block" | "with" | "autoescape" => open + 1,
        "endset" | "endraw" => open,
        word if word.starts_with("end") => open.saturating_sub(1),
        _ => open,
    }
}

/// The bytes of a tag up to its end, and the deepest nesting of brackets in it; those within quotes don't count.
fn tag(rest: &str, is_expression: bool) -> (usize, usize) {
    let bytes = rest.as_bytes();
    let mut open = 0usize;
    let mut deepest = 0;
    let mut quote = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1);
        match (quote, byte) {
            (Some(_), b'\\') => at += 1,
            (Some(mark), _) if mark == byte => quote = None,
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => {
                open += 1;
                deepest = deepest.max(open);
            }
            (None, b'}') if is_expression && open == 0 && next == Some(&b'}') => break,
            (None, b'%') if !is_expression && next == Some(&b'}') => break,
            (None, b')' | b']' | b'}') => open = open.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    // Both marks of an end are ASCII, so this is no place within a letter.
    (at.min(bytes.len()), deepest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_of_blocks_and_of_brackets_in_one_tag() {
        assert_eq!(depth("plain [[[[ text {"), 0);
        assert_eq!(depth("{{ '((((' }}"), 0);
        assert_eq!(depth("{# {% if a %}{% if b %} #}{{ f(a[{'b': {}}]) }}"), 4);
        assert_eq!(
            depth("{%- if a -%}{% for b in c %}{{ b }}{% endfor %}{% endif %}{% if d %}"),
            2
        );
        assert_eq!(depth(r"{{ 'it\'s (' ~ (1) }}"), 1);
    }
}
