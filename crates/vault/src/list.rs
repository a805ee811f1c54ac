//! The list of conversations, a page at a time.

use sqlx::{AssertSqlSafe, Row};
use tandem_conversation::ConversationId;
use uuid::Uuid;

use crate::{
    ConversationRow, Vault, VaultError,
    rows::{self, CONVERSATION},
};

/// Rows of a page at most.
const LARGEST: u32 = 1_000;

/// Which conversations a list shows. The default shows all that aren't archived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// Those of this folder alone.
    pub folder: Option<Uuid>,
    /// Those with this tag alone.
    pub tag: Option<String>,
    /// Archived ones instead of the others.
    pub archived: bool,
}

/// A place in a list, right after one of its rows. It stays good when rows come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whether that row is pinned.
    pub pinned: bool,
    /// Its order, see [`ConversationRow::order_ms`].
    pub order_ms: i64,
    /// Its number in the database, which tells apart what has the same order.
    pub row: i64,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Pinned ones first, then by the last message, newest first.
    pub rows: Vec<ConversationRow>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Place>,
}

impl Vault {
    /// The page of `shelf` that follows `after`, or its first, of `limit` rows, which is 1,000 at most. However many
    /// conversations there are, it takes no longer.
    pub async fn page(
        &self,
        shelf: &Shelf,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Page, VaultError> {
        let limit = usize::try_from(limit.clamp(1, LARGEST)).unwrap_or(1);
        let mut found = Vec::new();
        for pinned in [true, false] {
            let from = match after {
                Some(place) if place.pinned != pinned && pinned => continue,
                Some(place) if place.pinned == pinned => (place.order_ms, place.row),
                _ => (i64::MAX, i64::MAX),
            };
            // One more than asked tells whether there is a next page.
            let rows = sqlx::query(AssertSqlSafe(sql(shelf)))
                .bind(shelf.archived)
                .bind(pinned)
                .bind(from.0)
                .bind(from.1)
                .bind(i64::try_from(limit + 1 - found.len()).unwrap_or(0))
                .bind(shelf.folder.map(|id| id.as_bytes().to_vec()))
                .bind(&shelf.tag)
                .fetch_all(self.pool())
                .await
                .map_err(|error| self.fault(error))?;
            found.extend(rows);
        }
        let mut read = || -> Result<Page, sqlx::Error> {
            let more = found.len() > limit;
            found.truncate(limit);
            let next = match found.last() {
                Some(last) if more => Some(Place {
                    pinned: last.try_get("pinned")?,
                    order_ms: last.try_get("order_ms")?,
                    row: last.try_get("row")?,
                }),
                _ => None,
            };
            let rows = found.iter().map(rows::conversation);
            Ok(Page {
                rows: rows.collect::<Result<_, _>>()?,
                next,
            })
        };
        read().map_err(|error| self.fault(error))
    }

    /// Puts conversations in the list where the date of their last message belongs, not where the time of their writing
    /// does: for what was imported. Ids that aren't there are passed over.
    pub async fn order_by_date(&self, conversations: &[ConversationId]) -> Result<(), VaultError> {
        let mut change = self.begin().await?;
        for id in conversations {
            sqlx::query("UPDATE conversations SET order_ms = updated_ms WHERE id = ?1")
                .bind(id.0.as_bytes().as_slice())
                .execute(&mut *change)
                .await
                .map_err(|error| self.fault(error))?;
        }
        change.commit().await
    }
}

/// Each walks one index in its own order, so nothing is sorted.
pub(crate) fn sql(shelf: &Shelf) -> String {
    let folder = if shelf.folder.is_some() {
        "c.folder = ?6 AND "
    } else {
        ""
    };
    if shelf.tag.is_some() {
        format!(
            "SELECT {CONVERSATION} FROM tags n CROSS JOIN conversation_tags g ON g.tag = n.row
             CROSS JOIN conversations c ON c.row = g.conversation
             WHERE n.name = ?7 AND {folder} c.archived = ?1 AND c.pinned = ?2
               AND (g.order_ms, g.conversation) < (?3, ?4)
             ORDER BY g.order_ms DESC, g.conversation DESC LIMIT ?5"
        )
    } else {
        format!(
            "SELECT {CONVERSATION} FROM conversations c
             WHERE {folder} c.archived = ?1 AND c.pinned = ?2 AND (c.order_ms, c.row) < (?3, ?4)
             ORDER BY c.order_ms DESC, c.row DESC LIMIT ?5"
        )
    }
}
