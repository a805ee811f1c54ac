//! What became of the files, in a table and in full.

use std::{collections::BTreeMap, fs, time::Duration};

use anyhow::{Context, Result};
use serde_json::json;
use tandem_tests::{figure::rounded, programs};

use super::{Case, Fate, change::Way};

/// Prints the table and writes all of it to `docs/figures/raw/engine.hostile_files.json`.
pub(super) fn write(cases: &[Case], seed: u64, took: Duration) -> Result<()> {
    let mut table: BTreeMap<Way, [usize; 5]> = BTreeMap::new();
    let mut whole = [0; 5];
    let mut deaths: BTreeMap<String, usize> = BTreeMap::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for case in cases {
        let column = case.fate.column();
        table.entry(case.way).or_default()[column] += 1;
        whole[column] += 1;
        match &case.fate {
            Fate::Died(words) => {
                let words = format!("{words} ({})", case.words);
                *deaths.entry(words).or_default() += 1;
            }
            Fate::Refused | Fate::Silent => *reasons.entry(reason(&case.words)).or_default() += 1,
            Fate::Guarded | Fate::Answered => {}
        }
    }
    println!(
        "{:<14} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "spoiled", "guard", "llama", "silent", "answer", "died"
    );
    for (way, [guard, llama, silent, answer, died]) in &table {
        println!(
            "{:<14} {guard:>8} {llama:>8} {silent:>8} {answer:>8} {died:>8}",
            format!("{way:?}")
        );
    }
    let [guard, llama, silent, answer, died] = whole;
    println!(
        "{:<14} {guard:>8} {llama:>8} {silent:>8} {answer:>8} {died:>8}",
        "in all"
    );
    println!("deaths: {deaths:#?}");
    let by_way: BTreeMap<String, _> = table
        .iter()
        .map(|(way, row)| (format!("{way:?}"), row))
        .collect();
    let died: Vec<_> = cases
        .iter()
        .filter(|case| matches!(case.fate, Fate::Died(_)))
        .map(|case| {
            let change: String = format!("{:?}", case.change).chars().take(200).collect();
            json!({ "way": format!("{:?}", case.way), "fate": format!("{:?}", case.fate), "change": change })
        })
        .collect();
    let told = |name: &str| {
        std::env::var(name).with_context(|| format!("{name} is not set: use `cargo xtask bench`"))
    };
    let raw = json!({
        "files": cases.len(), "seed": seed, "minutes": rounded(took.as_secs_f64() / 60.0),
        "columns": ["refused by the guard", "refused by llama.cpp", "loaded, no answer", "loaded and answered", "engine died"],
        "in all": whole, "by what was spoiled": by_way, "deaths": deaths, "deadly changes": died,
        "llama.cpp's reasons": reasons, "host and sound model afterwards": "alive and answering",
        "command": format!("cargo xtask bench {}", std::env::args().skip(1).collect::<Vec<_>>().join(" ")),
        "machine": told("TANDEM_MACHINE")?, "date": told("TANDEM_DATE")?,
    });
    let folder = programs::root().join("docs/figures/raw");
    fs::create_dir_all(&folder)?;
    Ok(fs::write(
        folder.join("engine.hostile_files.json"),
        format!("{raw:#}\n"),
    )?)
}

/// The part of a refusal that is the same for many files: what it quotes of a file isn't.
fn reason(words: &str) -> String {
    let quoted = |c: char| c.is_ascii_digit() || "'\"/".contains(c);
    words.split(quoted).next().unwrap_or_default().to_owned()
}
