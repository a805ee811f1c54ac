//! FTS5's tokenizers on a small set of texts in eight languages, and on many messages: what they find, how large their
//! index is, how fast a search is. docs/adr/0008 rests on it.

use std::{collections::BTreeMap, time::Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use tandem_tests::{corpus::Corpus, figure::rounded, programs, stats};
use tandem_vault::{index_expression, index_words};

/// A way to index: its name, FTS5's words for it, and whether our own words are indexed.
const WAYS: [(&str, &str, bool); 5] = [
    ("unicode61", "unicode61 remove_diacritics 2", false),
    ("porter", "porter unicode61 remove_diacritics 2", false),
    ("trigram", "trigram remove_diacritics 1", false),
    (
        "unicode61, marks kept",
        "unicode61 remove_diacritics 2 categories 'L* N* Mn Mc'",
        false,
    ),
    (
        "unicode61, marks kept, our words",
        "unicode61 remove_diacritics 2 categories 'L* N* Mn Mc'",
        true,
    ),
];

/// Typed in the many messages.
const TYPED: [&str; 8] = [
    "meeting garden",
    "house",
    "quest",
    "東京",
    "问题",
    "학교",
    "المدرسة",
    "שלום",
];

pub(crate) async fn measure(messages: usize) -> Result<()> {
    let set: Value = serde_json::from_str(include_str!("../../../data/relevance.json"))?;
    let mut told = Vec::new();
    for (name, tokenizer, ours) in WAYS {
        let found = relevance(&set, tokenizer, ours).await?;
        let large = large(messages, tokenizer, ours).await?;
        println!("{name}: {found:#} {large:#}");
        told.push(json!({ "tokenizer": name, "relevance": found, "large": large }));
    }
    let file = programs::root().join("docs/figures/raw/vault.tokenizers.json");
    let report = json!({
        "command": format!("cargo xtask bench {}", std::env::args().skip(1).collect::<Vec<_>>().join(" ")),
        "machine": std::env::var("TANDEM_MACHINE").ok(),
        "date": std::env::var("TANDEM_DATE").ok(),
        "ways": told,
    });
    Ok(std::fs::write(file, format!("{report:#}\n"))?)
}

async fn index(file: &std::path::Path, tokenizer: &str) -> Result<SqliteConnection> {
    let mut database = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .connect()
        .await?;
    // A trigram index needs no prefixes: it finds every part.
    let prefix = if tokenizer.starts_with("trigram") {
        ""
    } else {
        ", prefix = '2 3'"
    };
    sqlx::query(AssertSqlSafe(format!(
        "CREATE VIRTUAL TABLE i USING fts5 (text, content = '', tokenize = \"{tokenizer}\"{prefix})"
    )))
    .execute(&mut database)
    .await?;
    Ok(database)
}

/// As it is typed: for our words by our rules, else each piece quoted and the last one as a beginning.
fn expression(typed: &str, tokenizer: &str, ours: bool) -> String {
    if ours {
        return index_expression(typed);
    }
    if typed.starts_with('"') {
        return typed.to_owned();
    }
    let pieces: Vec<String> = typed
        .split(' ')
        .map(|piece| format!("\"{piece}\""))
        .collect();
    let star = if tokenizer.starts_with("trigram") {
        ""
    } else {
        "*"
    };
    format!("{}{star}", pieces.join(" "))
}

async fn add(database: &mut SqliteConnection, row: usize, text: &str, ours: bool) -> Result<()> {
    let words = if ours { index_words(text) } else { text.into() };
    sqlx::query("INSERT INTO i (rowid, text) VALUES (?1, ?2)")
        .bind(i64::try_from(row)?)
        .bind(words.as_ref())
        .execute(database)
        .await?;
    Ok(())
}

/// Recall and precision, over all queries and by their kind.
async fn relevance(set: &Value, tokenizer: &str, ours: bool) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    let mut database = index(&folder.path().join("i"), tokenizer).await?;
    let texts: Vec<(&String, &str)> = set["texts"]
        .as_object()
        .context("no texts")?
        .iter()
        .map(|(id, text)| (id, text.as_str().unwrap_or_default()))
        .collect();
    for (row, (_, text)) in texts.iter().enumerate() {
        add(&mut database, row, text, ours).await?;
    }
    // Found and wanted, found, wanted.
    let mut kinds: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for query in set["queries"].as_array().context("no queries")? {
        let typed = query["typed"].as_str().context("nothing typed")?;
        let wanted: Vec<&str> = query["wanted"]
            .as_array()
            .context("nothing wanted")?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let rows: Vec<i64> = sqlx::query_scalar("SELECT rowid FROM i WHERE i MATCH ?1")
            .bind(expression(typed, tokenizer, ours))
            .fetch_all(&mut database)
            .await?;
        let right = rows
            .iter()
            .filter(|&&row| {
                usize::try_from(row).is_ok_and(|row| wanted.contains(&texts[row].0.as_str()))
            })
            .count();
        for kind in [query["kind"].as_str().unwrap_or_default(), "all"] {
            let sums = kinds.entry(kind).or_default();
            sums[0] += right;
            sums[1] += rows.len();
            sums[2] += wanted.len();
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "few texts")]
    let part = |one: usize, of: usize| {
        if of == 0 {
            json!(null)
        } else {
            json!(rounded(one as f64 / of as f64))
        }
    };
    Ok(kinds
        .into_iter()
        .map(|(kind, [right, found, wanted])| {
            (
                kind.to_owned(),
                json!({ "recall": part(right, wanted), "precision": part(right, found) }),
            )
        })
        .collect::<serde_json::Map<_, _>>()
        .into())
}

async fn large(messages: usize, tokenizer: &str, ours: bool) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("i");
    let mut database = index(&file, tokenizer).await?;
    let mut corpus = Corpus::new(1);
    let mut bytes = 0;
    let began = Instant::now();
    sqlx::query("BEGIN").execute(&mut database).await?;
    let mut language = 0;
    for row in 0..messages {
        if row % 20 == 0 {
            language = corpus.language();
        }
        let text = corpus.text(language, row % 2 == 1);
        bytes += text.len();
        add(&mut database, row, &text, ours).await?;
    }
    sqlx::query("COMMIT").execute(&mut database).await?;
    let built = began.elapsed();
    let mut times = Vec::new();
    for typed in TYPED {
        for _ in 0..10 {
            let began = Instant::now();
            let _: Vec<i64> = sqlx::query_scalar(
                "SELECT rowid FROM i WHERE i MATCH ?1 ORDER BY rowid DESC LIMIT 500",
            )
            .bind(expression(typed, tokenizer, ours))
            .fetch_all(&mut database)
            .await?;
            times.push(began.elapsed().as_secs_f64() * 1000.0);
        }
    }
    let size = std::fs::metadata(&file)?.len();
    #[expect(clippy::cast_precision_loss, reason = "below 2^52")]
    let ratio = size as f64 / bytes as f64;
    Ok(json!({
        "messages": messages, "text_bytes": bytes, "index_bytes": size, "index_over_text": rounded(ratio),
        "build_s": rounded(built.as_secs_f64()), "search_p50_ms": rounded(stats::median(&times)),
        "search_most_ms": rounded(times.iter().copied().fold(0.0, f64::max)),
    }))
}
