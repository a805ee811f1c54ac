//! What a person may send.

use crate::wire::Failure;

/// Bytes of a question at most.
const MAX_QUESTION: usize = 1 << 20;
/// Characters of a title at most.
const MAX_TITLE: usize = 80;

/// A question, ready to be sent.
pub(crate) struct Question {
    /// Its text.
    pub text: String,
    /// Control characters that were taken out: no one can see them, and a terminal would obey them.
    pub removed: usize,
}

/// Checks a question.
pub(crate) fn question(typed: &str) -> Result<Question, Failure> {
    if typed.len() > MAX_QUESTION {
        let size = typed.len().div_ceil(1 << 20);
        return Err(Failure::new(
            "ask.too-long",
            format!(
                "This message has {size} MB; at most 1 MB can be sent at once. It was not sent and is kept as it is."
            ),
        ));
    }
    let lines = typed.replace("\r\n", "\n").replace('\r', "\n");
    let text: String = lines
        .chars()
        .filter(|&c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    let removed = lines.chars().count() - text.chars().count();
    if text.trim().is_empty() {
        return Err(Failure::new(
            "ask.empty",
            "There is nothing to send: the message has no visible text.",
        ));
    }
    Ok(Question { text, removed })
}

/// Checks a title.
pub(crate) fn title(typed: &str) -> Result<String, Failure> {
    let title = shortened(typed);
    if title.is_empty() {
        return Err(Failure::new(
            "title.empty",
            "A title needs at least one visible character.",
        ));
    }
    Ok(title)
}

/// The title of a conversation that begins with `question`.
pub(crate) fn first_title(question: &str) -> String {
    let line = question
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    shortened(line)
}

fn shortened(text: &str) -> String {
    let words = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= MAX_TITLE {
        return words;
    }
    let cut: String = words.chars().take(MAX_TITLE - 1).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing("")]
    #[case::blanks(" \n\t ")]
    #[case::what_no_one_sees("\u{7}\u{0}\u{1b}")]
    fn there_is_nothing_to_send_in(#[case] typed: &str) {
        assert_eq!(question(typed).err().unwrap().code, "ask.empty");
    }

    #[test]
    fn control_characters_are_taken_out_and_counted() {
        let question = question("a\u{1b}[31mred\u{0}\r\nb\tc").ok().unwrap();
        assert_eq!(question.text, "a[31mred\nb\tc");
        assert_eq!(question.removed, 2);
    }

    #[test]
    fn one_megabyte_is_sent_and_a_byte_more_is_not() {
        assert!(question(&"x".repeat(1 << 20)).is_ok());
        assert_eq!(
            question(&"x".repeat((1 << 20) + 1)).err().unwrap().code,
            "ask.too-long"
        );
    }

    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(first_title("\n  How do\tI\nsleep?"), "How do I");
        assert_eq!(first_title(&"ab ".repeat(60)).chars().count(), 80);
        assert_eq!(title(" \n").err().unwrap().code, "title.empty");
    }
}
