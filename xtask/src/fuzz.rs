//! The GGUF guard under libFuzzer, and the figure made of it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::place::Place;
use crate::{cargo, command, date, machine};

const ID: &str = "engine.gguf_fuzz_panics";
const VERSION: &str = "0.13.2";
const CRATE: &str = "crates/gguf/fuzz";
const TARGET: &str = "header";
/// Bytes of an input at most: several times the models that the mutator builds.
const MAX_INPUT: u32 = 8192;
/// Megabytes that one run may take; the guard needs a few.
const MAX_MEMORY: u32 = 1024;

/// What libFuzzer says at its end.
#[derive(Debug, Default, PartialEq)]
struct Told {
    executions: Option<u64>,
    panics: Vec<String>,
    /// Edges of the code, and combinations of them, that were reached.
    coverage: Option<(u64, u64)>,
}

impl Told {
    fn hear(&mut self, line: &str) {
        if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
            self.executions = count.trim().parse().ok();
        }
        // `thread '<unnamed>' panicked at …`, `==7== ERROR: libFuzzer: timeout after …`; a panic is also a deadly signal.
        let is_end = line.contains("ERROR: libFuzzer:") && !line.contains("deadly signal");
        if line.contains("panicked at") || is_end {
            self.panics.push(line.to_owned());
        }
        let words: Vec<_> = line.split_whitespace().collect();
        let number = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at + 1)?.parse().ok()
        };
        if let (Some(edges), Some(features)) = (number("cov:"), number("ft:")) {
            self.coverage = Some((edges, features));
        }
    }
}

/// Runs the guard on `executions` inputs and writes the figure.
pub(crate) fn run(place: &Place, executions: u64) -> Result<()> {
    let program = program(place)?;
    let folder = place.target().join("fuzz");
    let corpus = folder.join("corpus").join(TARGET);
    fs::create_dir_all(&corpus)?;
    let mut fuzz = cargo::cargo_with(place, program.as_os_str());
    // `none`: safe code has nothing for a sanitizer, and the stable compiler has none. Overflows are checked.
    fuzz.args(["run", "--sanitizer", "none", "--fuzz-dir", CRATE])
        .arg("--target-dir")
        .arg(folder.join("build"))
        .arg(TARGET)
        .arg(&corpus)
        .arg("--")
        .arg(format!("-runs={executions}"))
        .arg(format!("-max_len={MAX_INPUT}"))
        .arg(format!("-rss_limit_mb={MAX_MEMORY}"))
        .args(["-timeout=10", "-print_final_stats=1"]);
    let began = Instant::now();
    let (told, succeeded) = listen(&mut fuzz)?;
    let seconds = began.elapsed().as_secs();
    let Some(done) = told.executions else {
        bail!("libFuzzer told no count of executions: it didn't run");
    };
    write(place, &told, done, seconds)?;
    if let Some(panic) = told.panics.first() {
        bail!("the guard failed after {done} executions: {panic}");
    }
    if !succeeded || done < executions {
        bail!("{done} of {executions} executions were done");
    }
    Ok(())
}

/// Runs it, showing what it says.
fn listen(fuzz: &mut Command) -> Result<(Told, bool)> {
    println!("    $ {}", command::shown(fuzz));
    let mut child = fuzz.stderr(Stdio::piped()).spawn()?;
    let mut told = Told::default();
    let lines = child.stderr.take().context("it has a standard error")?;
    for line in BufReader::new(lines).lines() {
        let line = line?;
        told.hear(&line);
        // Each input that reaches something new is a line, and so is each word it learned; they are thousands.
        let small = ["NEW ", "REDUCE ", "# Uses:"];
        if !small.iter().any(|word| line.contains(word)) {
            println!("    {line}");
        }
    }
    Ok((told, child.wait()?.success()))
}

fn write(place: &Place, told: &Told, executions: u64, seconds: u64) -> Result<()> {
    let figures = place.root().join("docs/figures");
    fs::create_dir_all(figures.join("raw"))?;
    let panics = told.panics.len();
    let figure = json!({
        "id": ID, "value": panics, "unit": "", "n": executions, "peer": null,
        "command": "cargo xtask fuzz", "machine": machine::description(), "date": date::today(),
    });
    let (edges, features) = told.coverage.unzip();
    let raw = json!({
        "executions": executions, "seconds": seconds, "panics": told.panics,
        "edges": edges, "features": features, "cargo-fuzz": VERSION,
    });
    let file = format!("{ID}.json");
    fs::write(figures.join(&file), format!("{figure:#}\n"))?;
    fs::write(figures.join("raw").join(&file), format!("{raw:#}\n"))?;
    println!("docs/figures/{file}: {panics} panics in {executions} executions");
    Ok(())
}

/// cargo-fuzz of this version, installed beside the other tools where it is missing.
fn program(place: &Place) -> Result<PathBuf> {
    let tools = place.setup().join("tools");
    let name = format!("cargo-fuzz{}", std::env::consts::EXE_SUFFIX);
    let own = tools.join("bin").join(name);
    for known in [PathBuf::from("cargo-fuzz"), own.clone()] {
        let told = command::probe(Command::new(&known).arg("--version"));
        if told.is_some_and(|told| told.trim().ends_with(VERSION)) {
            return Ok(known);
        }
    }
    println!("cargo-fuzz {VERSION} is missing; it is compiled now");
    let mut cargo = cargo::cargo(place);
    // As with cargo-deny: none of its crates are ours.
    cargo.env_remove("CARGO_TARGET_DIR").args([
        "install",
        "cargo-fuzz",
        "--version",
        VERSION,
        "--locked",
        "--root",
    ]);
    command::run(cargo.arg(tools))?;
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_run_is_understood() {
        let mut told = Told::default();
        for line in [
            "#1048576\tpulse  cov: 812 ft: 3015 corp: 402/231Kb lim: 8192 exec/s: 52428 rss: 74Mb",
            "Done 2000000 runs in 38 second(s)",
            "stat::number_of_executed_units: 2000000",
            "stat::average_exec_per_sec:     52631",
        ] {
            told.hear(line);
        }
        let expected = Told {
            executions: Some(2_000_000),
            panics: vec![],
            coverage: Some((812, 3015)),
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn a_panic_counts_once_and_a_hang_as_well() {
        let mut told = Told::default();
        told.hear("thread '<unnamed>' (7) panicked at crates/gguf/src/reader.rs:7:9:");
        told.hear("==7== ERROR: libFuzzer: deadly signal");
        assert_eq!(told.panics.len(), 1);
        told.hear("==7== ERROR: libFuzzer: timeout after 10 seconds");
        assert_eq!(told.panics.len(), 2);
    }
}
