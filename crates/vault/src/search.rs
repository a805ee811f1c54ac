//! Full-text search over messages and titles.
//!
//! The time that a search takes doesn't grow with the history: FTS5 walks the matches from the newest on, and only the
//! newest are looked at and ranked. Its own bm25() would count every match of every word before the first result.

use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Row, sqlite::SqliteRow};
use tandem_conversation::{ConversationId, MessageId};
use uuid::Uuid;

use crate::{
    Vault, VaultError, index,
    query::{self, Clause},
    rank::{self, Counted},
    rows, snippet,
    words::{self, Word},
};

/// Matching messages that are ranked; and titles.
const RANKED: usize = 250;
const RANKED_TITLES: usize = 100;
/// Bytes of text that are looked at for the ranking.
const BYTES: usize = 4 << 20;
/// Matches that are held against a filter.
const FILTERED: i64 = 10_000;
/// Matches of a word that are counted to know how rare it is.
const COUNTED: i64 = 2_000;
/// How much a match in a title outweighs one in a message.
const TITLE_WEIGHT: f64 = 2.0;

/// What to look for, and where. The default looks everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// What the person typed. No character of it is an operator, but quotation marks keep words together and a star
    /// lets a word go on. Case and accents don't count. The last word may be unfinished, unless it is one letter.
    pub typed: String,
    /// Only in conversations of this folder.
    pub folder: Option<Uuid>,
    /// Only in conversations with this tag.
    pub tag: Option<String>,
    /// Only what was written at this time or later, in milliseconds since 1970 UTC.
    pub from_ms: Option<i64>,
    /// Only what was written before this time, in milliseconds since 1970 UTC.
    pub until_ms: Option<i64>,
    /// Only answers of this model, by its name in the receipt.
    pub model: Option<String>,
    /// Only answers that were made there: a word of [`tandem_conversation::Route`], such as `device`.
    pub route: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The best places first.
    pub hits: Vec<Hit>,
    /// Whether every match was looked at. Where there are very many, only the newest are.
    pub all: bool,
}

/// One place that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The conversation.
    pub conversation: ConversationId,
    /// The message; `None` when the title matched.
    pub message: Option<MessageId>,
    /// The conversation's title.
    pub title: String,
    /// About 160 bytes around the match, or the whole title, in pieces; `true` marks what matched.
    pub snippet: Vec<(String, bool)>,
    /// When the message was written or the conversation begun, in milliseconds since 1970 UTC.
    pub created_ms: i64,
}

/// A place before it is known whether it is shown.
struct Candidate {
    hit: Hit,
    text: String,
    words: Vec<Word>,
}

impl Vault {
    /// Searches everywhere for what the person typed; the `limit` best places. See [`Search::typed`].
    pub async fn search(&self, typed: &str, limit: u32) -> Result<Vec<Hit>, VaultError> {
        let search = Search {
            typed: typed.to_owned(),
            ..Search::default()
        };
        Ok(self.find(&search, limit).await?.hits)
    }

    /// Finds messages that hold everything that was typed, and titles that do, best first, `limit` at most. Titles are
    /// left out when a filter asks for dates, models or routes, which only messages have. Without a word in it nothing
    /// is found. Answers that are still streaming aren't found.
    ///
    /// The order is BM25's, with titles before messages and what is new a little before what is old. Of very frequent
    /// words the newest matches alone are ranked: 250 of them, or 4 MB of text, and with a filter those among the newest
    /// 10,000 that pass it. [`Found::all`] says whether there were more.
    pub async fn find(&self, search: &Search, limit: u32) -> Result<Found, VaultError> {
        let clauses = query::parse(&search.typed);
        if clauses.is_empty() || limit == 0 {
            return Ok(Found {
                hits: Vec::new(),
                all: true,
            });
        }
        // On a full or read-only disk, what waits for the index is looked through instead.
        let waiting = match index::keep_up(self, true).await {
            Ok(()) => Vec::new(),
            Err(error) => {
                tracing::warn!(
                    code = error.code(),
                    "the newest messages can't enter the search index"
                );
                self.waiting(search, &clauses).await?
            }
        };
        let (titles, every_title) = self.titles(search, &clauses).await?;
        let (indexed, every_message) = self.messages(search, &clauses).await?;
        let mut messages = waiting;
        messages.extend(indexed);
        let rarity = self.rarity(&clauses).await?;
        let mut scored = scored_places(titles, &clauses, &rarity, TITLE_WEIGHT);
        scored.extend(scored_places(messages, &clauses, &rarity, 1.0));
        // The sort is stable: of equal ones titles stay first, then what is new.
        scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        scored.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(Found {
            hits: scored
                .into_iter()
                .map(|(_, candidate)| shown(candidate, &clauses))
                .collect(),
            all: every_title && every_message,
        })
    }

    /// The models that made answers here, by name.
    pub async fn models(&self) -> Result<Vec<String>, VaultError> {
        // From one name to the next, however many answers each has.
        sqlx::query_scalar(
            "WITH RECURSIVE names (name) AS (
                 SELECT min(model) FROM messages WHERE model IS NOT NULL
                 UNION ALL
                 SELECT (SELECT min(model) FROM messages WHERE model > name) FROM names WHERE name IS NOT NULL
             ) SELECT name FROM names WHERE name IS NOT NULL",
        )
        .fetch_all(self.pool())
        .await
        .map_err(|error| self.fault(error))
    }

    /// Messages that wait for the index and match, newest first: each is held against every clause.
    async fn waiting(
        &self,
        search: &Search,
        clauses: &[Clause],
    ) -> Result<Vec<Candidate>, VaultError> {
        let sql = sql_from(
            "(SELECT row FROM unindexed ORDER BY row DESC LIMIT ?4)",
            search,
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind("")
            .bind(0)
            .bind(0)
            .bind(FILTERED)
            .bind(search.folder.map(|id| id.as_bytes().to_vec()))
            .bind(&search.tag)
            .bind(search.from_ms)
            .bind(search.until_ms)
            .bind(&search.model)
            .bind(&search.route)
            .fetch_all(self.pool())
            .await
            .map_err(|error| self.fault(error))?;
        let mut found = Vec::new();
        for row in &rows {
            let candidate = candidate(row).map_err(|error| self.fault(error))?;
            if clauses
                .iter()
                .all(|clause| !clause.matches(&candidate.words).is_empty())
            {
                found.push(candidate);
            }
        }
        Ok(found)
    }

    /// The newest messages that match, newest first, and whether those are all.
    async fn messages(
        &self,
        search: &Search,
        clauses: &[Clause],
    ) -> Result<(Vec<Candidate>, bool), VaultError> {
        let mut clauses = clauses.to_vec();
        // A whole word that is frequent enough needs no continuations, and those of a frequent one are slow to gather.
        if let Some(last) = clauses.last_mut()
            && last.unfinished
            && !last.must_go_on()
        {
            let whole = last.whole();
            if self.frequent(&whole.expression()).await? {
                *last = whole;
            }
        }
        let expression = query::expression(&clauses);
        let mut found = Vec::new();
        let mut bytes = 0;
        for (first, last) in self.spans(search).await? {
            let room = RANKED - found.len();
            let filtered = search.filters_messages() || search.filters_conversations();
            let examined = if filtered {
                FILTERED
            } else {
                i64::try_from(room + 1).unwrap_or(i64::MAX)
            };
            let sql = message_sql(search);
            let mut query = sqlx::query(AssertSqlSafe(sql))
                .bind(&expression)
                .bind(first)
                .bind(last)
                .bind(examined);
            query = query
                .bind(search.folder.map(|id| id.as_bytes().to_vec()))
                .bind(&search.tag)
                .bind(search.from_ms)
                .bind(search.until_ms)
                .bind(&search.model)
                .bind(&search.route);
            let mut rows = query.fetch(self.pool());
            while let Some(row) = rows.try_next().await.map_err(|error| self.fault(error))? {
                if found.len() == RANKED || bytes > BYTES {
                    return Ok((found, false));
                }
                let candidate = candidate(&row).map_err(|error| self.fault(error))?;
                bytes += candidate.text.len();
                found.push(candidate);
            }
            drop(rows);
            if filtered && self.count(&expression, first, last, FILTERED).await? >= FILTERED {
                return Ok((found, false));
            }
        }
        Ok((found, true))
    }

    async fn titles(
        &self,
        search: &Search,
        clauses: &[Clause],
    ) -> Result<(Vec<Candidate>, bool), VaultError> {
        if search.filters_messages() {
            return Ok((Vec::new(), true));
        }
        let rows = sqlx::query(
            "SELECT c.id AS conversation, NULL AS message, c.title, c.title AS text, c.created_ms
             FROM (SELECT rowid AS row FROM title_index WHERE title_index MATCH ?1 ORDER BY rowid DESC LIMIT 10000) f
             CROSS JOIN conversations c ON c.row = f.row
             WHERE (?2 IS NULL OR c.folder = ?2)
               AND (?3 IS NULL OR EXISTS (SELECT 1 FROM conversation_tags t JOIN tags ON tags.row = t.tag
                                          WHERE t.conversation = c.row AND tags.name = ?3))
             LIMIT ?4",
        )
        .bind(query::expression(clauses))
        .bind(search.folder.map(|id| id.as_bytes().to_vec()))
        .bind(&search.tag)
        .bind(i64::try_from(RANKED_TITLES).unwrap_or(i64::MAX))
        .fetch_all(self.pool())
        .await
        .map_err(|error| self.fault(error))?;
        let found: Vec<Candidate> = rows
            .iter()
            .map(candidate)
            .collect::<Result<_, _>>()
            .map_err(|error| self.fault(error))?;
        let all = found.len() < RANKED_TITLES;
        Ok((found, all))
    }

    /// Ranges of rows that may hold messages of the dates that are asked for, newest first.
    async fn spans(&self, search: &Search) -> Result<Vec<(i64, i64)>, VaultError> {
        if search.from_ms.is_none() && search.until_ms.is_none() {
            return Ok(vec![(i64::MIN, i64::MAX)]);
        }
        let blocks: Vec<i64> = sqlx::query_scalar(
            "SELECT block FROM message_spans WHERE (?1 IS NULL OR last_ms >= ?1) AND (?2 IS NULL OR first_ms < ?2)
             ORDER BY block DESC",
        )
        .bind(search.from_ms)
        .bind(search.until_ms)
        .fetch_all(self.pool())
        .await
        .map_err(|error| self.fault(error))?;
        let mut spans: Vec<(i64, i64)> = Vec::new();
        for block in blocks {
            let (first, last) = (block << 10, (block << 10) + 1023);
            match spans.last_mut() {
                Some((begin, _)) if *begin == last + 1 => *begin = first,
                _ => spans.push((first, last)),
            }
        }
        Ok(spans)
    }

    /// How much each clause says, by how rare it is. One clause alone needs no weight.
    async fn rarity(&self, clauses: &[Clause]) -> Result<Vec<f64>, VaultError> {
        if clauses.len() == 1 {
            return Ok(vec![1.0]);
        }
        let newest: Option<i64> = sqlx::query_scalar("SELECT max(row) FROM messages")
            .fetch_one(self.pool())
            .await
            .map_err(|error| self.fault(error))?;
        let all = usize::try_from(newest.unwrap_or(1)).unwrap_or(1);
        let mut rarity = Vec::new();
        for clause in clauses {
            let expression = if clause.must_go_on() {
                clause.expression()
            } else {
                clause.whole().expression()
            };
            let matches = self.count(&expression, i64::MIN, i64::MAX, COUNTED).await?;
            rarity.push(rank::rarity(usize::try_from(matches).unwrap_or(0), all));
        }
        Ok(rarity)
    }

    async fn frequent(&self, expression: &str) -> Result<bool, VaultError> {
        let enough = i64::try_from(RANKED).unwrap_or(i64::MAX);
        Ok(self.count(expression, i64::MIN, i64::MAX, enough).await? >= enough)
    }

    /// How many messages of these rows match, `most` at most.
    async fn count(
        &self,
        expression: &str,
        first: i64,
        last: i64,
        most: i64,
    ) -> Result<i64, VaultError> {
        sqlx::query_scalar(
            "SELECT count(*) FROM (SELECT 1 FROM message_index
             WHERE message_index MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid DESC LIMIT ?4)",
        )
        .bind(expression)
        .bind(first)
        .bind(last)
        .bind(most)
        .fetch_one(self.pool())
        .await
        .map_err(|error| self.fault(error))
    }
}

impl Search {
    fn filters_messages(&self) -> bool {
        self.from_ms.is_some()
            || self.until_ms.is_some()
            || self.model.is_some()
            || self.route.is_some()
    }

    fn filters_conversations(&self) -> bool {
        self.folder.is_some() || self.tag.is_some()
    }
}

/// The loops are nested as they are written, so that the rows come newest first without being sorted.
pub(crate) fn message_sql(search: &Search) -> String {
    let matching = "(SELECT rowid AS row FROM message_index
         WHERE message_index MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid DESC LIMIT ?4)";
    sql_from(matching, search)
}

/// The messages of the rows `source` that pass the filters.
fn sql_from(source: &str, search: &Search) -> String {
    let mut sql = format!(
        "SELECT c.id AS conversation, m.id AS message, c.title, m.text, m.created_ms
         FROM {source} f
         CROSS JOIN messages m ON m.row = f.row
         CROSS JOIN conversations c ON c.id = m.conversation
         WHERE true"
    );
    for (asked, condition) in [
        (search.folder.is_some(), "c.folder = ?5"),
        (
            search.tag.is_some(),
            "EXISTS (SELECT 1 FROM conversation_tags t JOIN tags ON tags.row = t.tag
                     WHERE t.conversation = c.row AND tags.name = ?6)",
        ),
        (search.from_ms.is_some(), "m.created_ms >= ?7"),
        (search.until_ms.is_some(), "m.created_ms < ?8"),
        (search.model.is_some(), "m.model = ?9"),
        (search.route.is_some(), "m.route = ?10"),
    ] {
        if asked {
            sql.push_str(" AND ");
            sql.push_str(condition);
        }
    }
    sql
}

fn candidate(row: &SqliteRow) -> Result<Candidate, sqlx::Error> {
    let message: Option<Vec<u8>> = row.try_get("message")?;
    let text: String = row.try_get("text")?;
    Ok(Candidate {
        hit: Hit {
            conversation: ConversationId(rows::id(row, "conversation")?),
            message: message
                .is_some()
                .then(|| rows::id(row, "message").map(MessageId))
                .transpose()?,
            title: row.try_get("title")?,
            snippet: Vec::new(),
            created_ms: row.try_get("created_ms")?,
        },
        words: words::split(&text),
        text,
    })
}

fn scored_places(
    candidates: Vec<Candidate>,
    clauses: &[Clause],
    rarity: &[f64],
    weight: f64,
) -> Vec<(f64, Candidate)> {
    let counted: Vec<Counted> = candidates
        .iter()
        .map(|candidate| Counted::new(&candidate.words, clauses))
        .collect();
    rank::scores(&counted, rarity)
        .into_iter()
        .map(|score| score * weight)
        .zip(candidates)
        .collect()
}

fn shown(candidate: Candidate, clauses: &[Clause]) -> Hit {
    let Candidate {
        mut hit,
        text,
        words,
    } = candidate;
    let marks = snippet::marks(&text, &words, clauses);
    hit.snippet = if hit.message.is_some() {
        snippet::pieces(&text, &marks)
    } else {
        snippet::whole(&text, &marks)
    };
    hit
}
