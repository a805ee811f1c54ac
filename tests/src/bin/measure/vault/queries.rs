//! What people type into the search field: frequent and rare words, beginnings, phrases, several scripts, filters.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tandem_tests::{corpus::rare_word, figure::rounded, stats};
use tandem_vault::{Search, Vault};

use super::percentile;

/// The times of all searches, and by kind.
pub(crate) struct Searches {
    pub(crate) times: Vec<f64>,
    pub(crate) kinds: Value,
}

/// Each query is typed as a person types it, so a search of the beginning comes before the one of the whole.
pub(crate) async fn measure(vault: &Vault) -> Result<Searches> {
    let mut times = Vec::new();
    let mut told = serde_json::Map::new();
    for (kind, queries) in kinds() {
        let mut of_kind = Vec::new();
        for _ in 0..5 {
            for typed in &queries {
                of_kind.push(
                    search(
                        vault,
                        Search {
                            typed: typed.clone(),
                            ..Search::default()
                        },
                    )
                    .await?,
                );
            }
        }
        tell(&mut told, kind, &of_kind);
        times.extend(of_kind);
    }
    let mut filtered = Vec::new();
    for typed in ["the", "question", "東京", &rare_word(7_433)] {
        for search_in in [
            Search {
                from_ms: Some(1_710_000_000_000),
                until_ms: Some(1_711_000_000_000),
                ..Search::default()
            },
            Search {
                model: Some("SmolLM2 135M".to_owned()),
                ..Search::default()
            },
        ] {
            for _ in 0..3 {
                filtered.push(
                    search(
                        vault,
                        Search {
                            typed: typed.to_owned(),
                            ..search_in.clone()
                        },
                    )
                    .await?,
                );
            }
        }
    }
    tell(&mut told, "with a filter", &filtered);
    times.extend(filtered);
    ensure!(
        !vault.search("the", 50).await?.is_empty(),
        "nothing was found"
    );
    Ok(Searches {
        times,
        kinds: Value::Object(told),
    })
}

fn kinds() -> Vec<(&'static str, Vec<String>)> {
    let rare: Vec<String> = (0..20).map(|at| rare_word(2_000 + at * 1_811)).collect();
    let beginnings: Vec<String> = rare
        .iter()
        .map(|word| word[..4].to_owned())
        .chain(["be", "co", "in", "th", "que", "com", "pro", "gard", "func"].map(ToOwned::to_owned))
        .collect();
    let own = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    vec![
        (
            "frequent words",
            own(&[
                "the ", "the", "und", "que", "that is", "of the", "и", "и не",
            ]),
        ),
        ("rare words", rare.clone()),
        (
            "frequent and rare",
            rare.iter().map(|word| format!("the {word}")).collect(),
        ),
        ("beginnings", beginnings),
        (
            "phrases",
            own(&[
                "\"of the\"",
                "\"question answer\"",
                "\"in the house\"",
                "\"der die\"",
                "\"to be or\"",
            ]),
        ),
        (
            "without spaces",
            own(&[
                "東京",
                "東",
                "問題",
                "的",
                "北京",
                "学习问题",
                "학교",
                "친구를",
            ]),
        ),
        ("right to left", own(&["المدرسه", "שלום", "في", "של"])),
    ]
}

fn tell(told: &mut serde_json::Map<String, Value>, kind: &str, times: &[f64]) {
    let (middle, p95) = (stats::median(times), percentile(times, 0.95));
    let most = times.iter().copied().fold(0.0, f64::max);
    println!("  {kind}: p50 {middle:.1} ms, p95 {p95:.1} ms, most {most:.1} ms");
    told.insert(
        kind.to_owned(),
        json!({ "n": times.len(), "p50_ms": rounded(middle), "p95_ms": rounded(p95), "most_ms": rounded(most) }),
    );
}

async fn search(vault: &Vault, search: Search) -> Result<f64> {
    let began = Instant::now();
    vault.find(&search, 50).await?;
    Ok(began.elapsed().as_secs_f64() * 1000.0)
}
