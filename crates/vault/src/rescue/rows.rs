//! Reads what can be read of a damaged database, and writes it to a whole one.

use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Decode, Row, Sqlite, SqliteConnection, TypeInfo,
    ValueRef,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use crate::{
    VaultError,
    database::{Database, Seal, read_only, typed},
    durable,
    keys::Key,
    place::Place,
};

/// Rows that are read at once at most.
const MOST: i64 = 256;
/// Places behind a fault that are tried one by one: more than a page holds. Then steps grow.
const NEAR: i64 = 256;
/// Tables that are not copied: they are the program's, or made from others.
const DERIVED: [&str; 4] = ["_sqlx_migrations", "commits", "message_spans", "unindexed"];

/// The damaged database, read only. An error leaves a connection useless, so each makes a new one.
pub(super) struct Readable {
    options: SqliteConnectOptions,
    path: PathBuf,
    connection: Option<SqliteConnection>,
}

/// A value of any type.
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// A table that is in both databases.
struct Table {
    name: String,
    columns: Vec<String>,
    /// Whether its rows have numbers.
    numbered: bool,
    /// Its primary key, as an ORDER BY has it.
    key: Vec<String>,
}

impl Readable {
    /// Fails when not even the schema can be read: with [`VaultError::Mismatch`] where the key may be at fault.
    pub(super) async fn open(place: &Place, key: &Key) -> Result<Self, VaultError> {
        let has_log = durable::is_there(&place.log())?;
        let mut why = VaultError::Mismatch {
            path: place.database(),
        };
        for seal in Seal::ALL {
            let mut old = Self {
                // Lets SQLite read a file that is shorter than its beginning says.
                options: read_only(place, key, seal, has_log).pragma("writable_schema", "ON"),
                path: place.database(),
                connection: None,
            };
            match old.all("SELECT count(*) FROM sqlite_schema").await {
                Ok(_) => return Ok(old),
                Err(error) => why = typed(error, &old.path),
            }
            if !matches!(why, VaultError::Mismatch { .. }) {
                break;
            }
        }
        Err(match why {
            VaultError::Damaged { path, .. } => VaultError::BeyondRescue { path },
            why => why,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Nothing was written.
            let _ = connection.close().await;
        }
    }

    async fn connected(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        if self.connection.is_none() {
            self.connection = Some(self.options.connect().await?);
        }
        self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// All rows of a query, or the error.
    async fn all(&mut self, sql: &str) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let (rows, error) = self.until_error(sql).await;
        error.map_or(Ok(rows), Err)
    }

    /// The rows up to the first one that can't be read, and why it can't.
    async fn until_error(&mut self, sql: &str) -> (Vec<SqliteRow>, Option<sqlx::Error>) {
        let mut found = Vec::new();
        let read = async {
            let connection = self.connected().await?;
            let mut rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch(connection);
            while let Some(row) = rows.try_next().await? {
                found.push(row);
            }
            Ok(())
        };
        let error = read.await.err();
        if error.is_some() {
            self.close().await;
        }
        (found, error)
    }
}

/// Copies all tables. Returns how many messages and how many other rows can't be read, as far as they can be counted.
pub(super) async fn copy_all(old: &mut Readable, new: &Database) -> Result<(u64, u64), VaultError> {
    let mut into = new.pool.acquire().await.map_err(|error| new.fault(error))?;
    let tables = tables(old, &mut into)
        .await
        .map_err(|error| new.fault(error))?;
    if !tables.iter().any(|table| table.name == "conversations") {
        // An empty file, or one whose schema can't be read.
        return Err(VaultError::BeyondRescue {
            path: old.path().to_owned(),
        });
    }
    let (mut messages, mut others) = (0, 0);
    for table in &tables {
        let lost = if table.numbered {
            copy_numbered(old, &mut into, table).await
        } else {
            copy_from_both_ends(old, &mut into, table).await
        };
        let lost = lost.map_err(|error| new.fault(error))?;
        if table.name == "messages" {
            messages += lost;
        } else {
            others += lost;
        }
    }
    Ok((messages, others))
}

/// The tables of both, with the columns of both, so that a database of an older program is read as well. Nothing may
/// point to a row that isn't there yet, so nothing is asked to.
async fn tables(
    old: &mut Readable,
    into: &mut SqliteConnection,
) -> Result<Vec<Table>, sqlx::Error> {
    sqlx::query("PRAGMA foreign_keys = OFF")
        .execute(&mut *into)
        .await?;
    let listed: Vec<(String, bool)> = sqlx::query_as(
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .fetch_all(&mut *into)
    .await?;
    let mut found = Vec::new();
    for (name, without_numbers) in listed {
        if DERIVED.contains(&name.as_str()) {
            continue;
        }
        let known: Vec<(String, i64)> = sqlx::query_as(
            "SELECT name, pk FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY pk",
        )
        .bind(&name)
        .fetch_all(&mut *into)
        .await?;
        let sql = format!(
            "SELECT name FROM pragma_table_xinfo('{}') WHERE hidden = 0",
            name.replace('\'', "''")
        );
        let (rows, _) = old.until_error(&sql).await;
        let there: Vec<String> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
        let columns = known.iter().filter(|(column, _)| {
            // Counted by triggers when messages come in.
            there.contains(column) && !(name == "conversations" && column == "messages")
        });
        let table = Table {
            columns: columns.map(|(column, _)| quoted(column)).collect(),
            key: known
                .iter()
                .filter(|(_, place)| *place > 0)
                .map(|(column, _)| quoted(column))
                .collect(),
            numbered: !without_numbers,
            name,
        };
        if !table.columns.is_empty() {
            found.push(table);
        }
    }
    Ok(found)
}

/// A name as SQL has it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Walks along the rows' numbers: in large steps where all is well, one by one where it isn't.
async fn copy_numbered(
    old: &mut Readable,
    into: &mut SqliteConnection,
    table: &Table,
) -> Result<u64, sqlx::Error> {
    let name = quoted(&table.name);
    let columns = table.columns.join(", ");
    let end = old.all(&format!("SELECT max(rowid) FROM {name}")).await;
    let end: Option<i64> = end
        .ok()
        .and_then(|rows| rows.first()?.try_get::<Option<i64>, _>(0).ok()?);
    let (mut after, mut size, mut lost) = (0_i64, MOST, 0);
    let from = |after: i64, size: i64| {
        format!(
            "SELECT rowid, {columns} FROM {name} WHERE rowid > {after} ORDER BY rowid LIMIT {size}"
        )
    };
    loop {
        match old.all(&from(after, size)).await {
            Ok(rows) => {
                let Some(last) = rows.last() else {
                    return Ok(lost);
                };
                after = last.try_get(0)?;
                lost += insert(into, table, &rows, 1).await?;
                size = (size * 2).min(MOST);
            }
            Err(_) if size > 1 => size /= 2,
            Err(_) => {
                let Some(next) = next_readable(old, &from, after, end).await else {
                    // Where nobody knows the end, one stands for all that follow.
                    let gone = end.map_or(1, |end| end - after);
                    return Ok(lost + u64::try_from(gone).unwrap_or(1));
                };
                lost += u64::try_from(next - after).unwrap_or_default();
                after = next;
            }
        }
    }
}

/// The first place behind `after` from which a row can be read, or from which it is clear that none follows.
async fn next_readable(
    old: &mut Readable,
    from: &impl Fn(i64, i64) -> String,
    after: i64,
    end: Option<i64>,
) -> Option<i64> {
    let last = end.unwrap_or(i64::MAX);
    let near = after.checked_add(NEAR)?.min(last);
    for place in after + 1..=near {
        if old.all(&from(place, 1)).await.is_ok() {
            return Some(place);
        }
    }
    // A whole branch of the table is gone: far ahead in growing steps, and back to where it begins to be well.
    let (mut bad, mut step) = (near, NEAR);
    let mut good = loop {
        if bad >= last {
            return None;
        }
        let place = bad.saturating_add(step).min(last);
        if old.all(&from(place, 1)).await.is_ok() {
            break place;
        }
        (bad, step) = (place, step.saturating_mul(2));
    };
    while good - bad > 1 {
        let middle = bad + (good - bad) / 2;
        if old.all(&from(middle, 1)).await.is_ok() {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Some(good)
}

/// Reads a table in its key's order up to the first fault, and from its end back to the last one.
async fn copy_from_both_ends(
    old: &mut Readable,
    into: &mut SqliteConnection,
    table: &Table,
) -> Result<u64, sqlx::Error> {
    let (name, columns) = (quoted(&table.name), table.columns.join(", "));
    let mut lost = 0;
    for direction in ["ASC", "DESC"] {
        let order: Vec<String> = table
            .key
            .iter()
            .map(|column| format!("{column} {direction}"))
            .collect();
        let sql = format!("SELECT {columns} FROM {name} ORDER BY {}", order.join(", "));
        let (rows, error) = old.until_error(&sql).await;
        lost += insert(into, table, &rows, 0).await?;
        if error.is_none() {
            return Ok(lost);
        }
    }
    // How many lay between the faults, nobody knows.
    Ok(lost + 1)
}

/// Writes rows, whose values begin at column `first`. Returns how many could not be taken.
async fn insert(
    into: &mut SqliteConnection,
    table: &Table,
    rows: &[SqliteRow],
    first: usize,
) -> Result<u64, sqlx::Error> {
    let places = vec!["?"; table.columns.len()].join(", ");
    let sql = format!(
        "INSERT OR IGNORE INTO {} ({}) VALUES ({places})",
        quoted(&table.name),
        table.columns.join(", ")
    );
    let mut refused = 0;
    let mut transaction = into.begin().await?;
    for row in rows {
        let Some(cells) = cells(row, first) else {
            refused += 1;
            continue;
        };
        let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
        for cell in cells {
            query = match cell {
                Cell::Null => query.bind(None::<i64>),
                Cell::Integer(number) => query.bind(number),
                Cell::Real(number) => query.bind(number),
                Cell::Text(text) => query.bind(text),
                Cell::Blob(bytes) => query.bind(bytes),
            };
        }
        match query.execute(&mut *transaction).await {
            Ok(_) => {}
            // Damage can also look like a row that breaks the table's rules.
            Err(sqlx::Error::Database(error)) if is_the_rows_fault(error.as_ref()) => refused += 1,
            Err(error) => return Err(error),
        }
    }
    transaction.commit().await?;
    Ok(refused)
}

/// SQLITE_CONSTRAINT and SQLITE_MISMATCH.
fn is_the_rows_fault(error: &dyn sqlx::error::DatabaseError) -> bool {
    let code = error.code().and_then(|code| code.parse::<u32>().ok());
    matches!(code.map(|code| code & 0xff), Some(19 | 20))
}

fn cells(row: &SqliteRow, first: usize) -> Option<Vec<Cell>> {
    (first..row.columns().len())
        .map(|place| {
            let value = row.try_get_raw(place).ok()?;
            if value.is_null() {
                return Some(Cell::Null);
            }
            let kind = value.type_info().name().to_owned();
            match kind.as_str() {
                "INTEGER" => <i64 as Decode<Sqlite>>::decode(value)
                    .ok()
                    .map(Cell::Integer),
                "REAL" => <f64 as Decode<Sqlite>>::decode(value).ok().map(Cell::Real),
                "TEXT" => <String as Decode<Sqlite>>::decode(value)
                    .ok()
                    .map(Cell::Text),
                "BLOB" => <Vec<u8> as Decode<Sqlite>>::decode(value)
                    .ok()
                    .map(Cell::Blob),
                _ => None,
            }
        })
        .collect()
}
