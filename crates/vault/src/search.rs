//! Full-text search over messages and titles.

use sqlx::{Row, sqlite::SqliteRow};
use tandem_conversation::{ConversationId, MessageId};

use crate::{Vault, VaultError, rows};

/// Marks of the highlight in what FTS5 returns. Control characters, which no tokenizer takes for a part of a word.
const BEGIN: char = '\u{2}';
const END: char = '\u{3}';

/// Words of a query that count. A pasted page would ask for more than any message holds.
const MAX_WORDS: usize = 32;

/// How much a match in a title outweighs one in a message.
const TITLE_WEIGHT: f64 = 2.0;

/// One place that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The conversation.
    pub conversation: ConversationId,
    /// The message; `None` when the title matched.
    pub message: Option<MessageId>,
    /// The conversation's title.
    pub title: String,
    /// About 24 words around the match, or the whole title, in pieces; `true` marks what matched.
    pub snippet: Vec<(String, bool)>,
    /// When the message was written or the conversation begun, in milliseconds since 1970 UTC.
    pub created_ms: i64,
}

impl Vault {
    /// Finds messages that hold every word of `query`, and titles that do, best first, `limit` at most.
    ///
    /// `query` is what the person typed: no character of it is an operator. Case and accents don't count, and the last
    /// word may be unfinished. Without a word in it nothing is found. Answers that are still streaming aren't found.
    pub async fn search(&self, query: &str, limit: u32) -> Result<Vec<Hit>, VaultError> {
        let Some(expression) = expression(query) else {
            return Ok(Vec::new());
        };
        let messages = sqlx::query(
            "SELECT c.id AS conversation, m.id AS message, c.title, m.created_ms, bm25(message_index) AS score,
                    snippet(message_index, 0, char(2), char(3), '…', 24) AS snippet
             FROM message_index
             JOIN messages m ON m.row = message_index.rowid
             JOIN conversations c ON c.id = m.conversation
             WHERE message_index MATCH ?1 ORDER BY rank LIMIT ?2",
        );
        let titles = sqlx::query(
            "SELECT c.id AS conversation, NULL AS message, c.title, c.created_ms, bm25(title_index) AS score,
                    highlight(title_index, 0, char(2), char(3)) AS snippet
             FROM title_index
             JOIN conversations c ON c.row = title_index.rowid
             WHERE title_index MATCH ?1 ORDER BY rank LIMIT ?2",
        );
        let mut hits = Vec::new();
        for (search, weight) in [(titles, TITLE_WEIGHT), (messages, 1.0)] {
            let found = search
                .bind(&expression)
                .bind(limit)
                .fetch_all(self.pool())
                .await
                .map_err(|error| self.fault(error))?;
            for row in &found {
                hits.push(hit(row, weight).map_err(|error| self.fault(error))?);
            }
        }
        // FTS5's scores are negative, the best one lowest. The sort is stable: equal ones stay titles first.
        hits.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        hits.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(hits.into_iter().map(|(_, hit)| hit).collect())
    }
}

/// The FTS5 expression for what the person typed: every word quoted, the last one as a beginning.
fn expression(query: &str) -> Option<String> {
    let words: Vec<String> = query
        // Some control characters end a string in C.
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    if words.is_empty() {
        None
    } else {
        Some(format!("{}*", words.join(" ")))
    }
}

fn hit(row: &SqliteRow, weight: f64) -> Result<(f64, Hit), sqlx::Error> {
    let score: f64 = row.try_get("score")?;
    let message: Option<Vec<u8>> = row.try_get("message")?;
    let hit = Hit {
        conversation: ConversationId(rows::id(row, "conversation")?),
        message: message
            .is_some()
            .then(|| rows::id(row, "message").map(MessageId))
            .transpose()?,
        title: row.try_get("title")?,
        snippet: pieces(row.try_get("snippet")?),
        created_ms: row.try_get("created_ms")?,
    };
    Ok((score * weight, hit))
}

/// The marked text in pieces, without the marks.
fn pieces(marked: &str) -> Vec<(String, bool)> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut highlighted = false;
    for character in marked.chars() {
        let next = match character {
            BEGIN => true,
            END => false,
            other => {
                piece.push(other);
                continue;
            }
        };
        if next != highlighted && !piece.is_empty() {
            pieces.push((std::mem::take(&mut piece), highlighted));
        }
        highlighted = next;
    }
    if !piece.is_empty() {
        pieces.push((piece, highlighted));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_quoted_and_the_last_may_be_unfinished() {
        assert_eq!(expression("one two").as_deref(), Some("\"one\" \"two\"*"));
        assert_eq!(
            expression(" a\"b AND (c* ").as_deref(),
            Some("\"a\"\"b\" \"AND\" \"(c*\"*")
        );
        assert_eq!(expression("a\0b").as_deref(), Some("\"a\" \"b\"*"));
        assert_eq!(expression(" \n\0"), None);
    }

    #[test]
    fn marks_become_pieces() {
        let piece = |text: &str, highlighted| (text.to_owned(), highlighted);
        assert_eq!(
            pieces("a \u{2}b\u{3} c"),
            [piece("a ", false), piece("b", true), piece(" c", false)]
        );
        assert_eq!(pieces("\u{2}b"), [piece("b", true)]);
        assert_eq!(
            pieces("\u{3}\u{3}a\u{2}\u{2}b"),
            [piece("a", false), piece("b", true)]
        );
        assert_eq!(pieces(""), []);
    }
}
