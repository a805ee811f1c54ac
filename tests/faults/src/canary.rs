//! Canaries: words that are told to a vault in every way there is, and then looked for wherever they must not be.
//!
//! A process of its own tells them, with its log at its most talkative. Looked for are their words alone, in UTF-8 and
//! UTF-16, in the vault's files while it is open and when it is closed, in that log, and in the memory of the process
//! after the vault was closed. What is found in memory is counted and told, not a failure: a closed database wipes its
//! keys, and the system's heap keeps what was freed. That is why a lock starts the app's process anew.

pub mod child;
mod memory;
mod scan;
mod secrets;

use std::{fs, io::Write, path::Path};

use anyhow::{Context, Result, ensure};

use crate::{
    campaign::Campaign,
    ground::Ground,
    lines::{Line, Worker},
    tally::Tally,
};
use child::Way;
use scan::Scan;

/// The campaign: a case is one process that is told as many canaries as a run asks for.
pub struct Canary;

/// One canary: how it is told, and its words.
struct Told {
    way: Way,
    sentence: String,
}

impl Campaign for Canary {
    fn name(&self) -> &'static str {
        "canary"
    }

    fn what(&self) -> &'static str {
        "words told to a vault as messages, titles, settings, searches, folders, tags, streams, deletions: looked for in \
         files, in the TRACE log of all threads, and in memory after the vault was closed"
    }

    fn cases(&self, _full: bool) -> u64 {
        1
    }

    fn workers(&self) -> u64 {
        1
    }

    fn case(&self, ground: &Ground, number: u64) -> Result<Tally> {
        let count = if ground.full { 1_500 } else { 90 };
        let mut random = ground.random(self.name(), number);
        let told: Vec<_> = (0..count)
            .map(|index| Told {
                way: Way::ALL[index % Way::ALL.len()],
                sentence: format!("{} {}", word(&mut random), word(&mut random)),
            })
            .collect();
        let folder = ground.folder()?;
        let (data, keys) = (folder.path().join("data"), folder.path().join("keys"));
        fs::create_dir(&data)?;
        fs::create_dir(&keys)?;
        let (dir, log) = (data.join("vault"), data.join("log"));
        let text = |path: &Path| path.to_str().map(str::to_owned).context("not Unicode");
        let mut worker = Worker::start(
            &ground.program,
            &["canary", &text(&dir)?, &text(&keys)?, &text(&log)?],
        )?;
        ensure!(worker.hear_to(&Line::Open)?, "no vault: {:?}", worker.said);
        let mut tally = Tally::default();
        for canary in &told {
            tell(&mut worker, canary)?;
            tally.count("canaries");
            tally.count(&format!("told as {}", canary.way.words()));
        }
        let scan = Scan::new(told.iter().map(|canary| canary.sentence.as_str()))?;
        look_in_files(&scan, &told, &data, "while open", &mut tally)?;
        worker.input()?.write_all(b"close\n")?;
        ensure!(
            worker.hear_to(&Line::Closed)?,
            "not closed: {:?}",
            worker.said
        );
        look_in_files(&scan, &told, &data, "when closed", &mut tally)?;
        look_for_keys(&dir, &keys, &data, worker.id(), &mut tally)?;
        look_in_memory(&scan, &told, worker.id(), &mut tally)?;
        let captured = fs::read_to_string(&log)?;
        let traces = captured
            .lines()
            .filter(|line| line.contains("TRACE") && line.contains("sqlx"));
        let traces = traces.count();
        tally.add("lines of the log", lines(&captured));
        ensure!(
            traces > 0 && captured.contains("the vault is open"),
            "the log was not captured: {} lines",
            captured.lines().count()
        );
        worker.finish()?;
        Ok(tally)
    }
}

fn lines(text: &str) -> u64 {
    u64::try_from(text.lines().count()).unwrap_or_default()
}

/// Twelve letters that mean nothing, with no beginning in common.
fn word(random: &mut fastrand::Rng) -> String {
    (0..12).map(|_| random.lowercase()).collect()
}

fn tell(worker: &mut Worker, canary: &Told) -> Result<()> {
    let line = format!("{} {}\n", canary.way.letter(), canary.sentence);
    worker.input()?.write_all(line.as_bytes())?;
    match worker.hear()? {
        Some(Line::Done) => Ok(()),
        other => anyhow::bail!("{} was answered {other:?}", canary.way.words()),
    }
}

fn look_in_files(
    scan: &Scan,
    told: &[Told],
    data: &Path,
    when: &str,
    tally: &mut Tally,
) -> Result<()> {
    for file in tandem_tests::canary::files(data)? {
        let bytes = fs::read(&file)?;
        tally.count(&format!("files searched {when}"));
        for index in scan.hits(&bytes) {
            let way = told[index].way.words();
            tally.fail("in a file", format!("{way}, {when}, in {}", file.display()));
        }
    }
    Ok(())
}

/// The keys are in no file of the data and not in the log; what memory holds of them is counted.
fn look_for_keys(
    dir: &Path,
    keys: &Path,
    data: &Path,
    process: u32,
    tally: &mut Tally,
) -> Result<()> {
    let secrets = secrets::of(dir, keys)?;
    for file in tandem_tests::canary::files(data)? {
        let bytes = fs::read(&file)?;
        for (name, secret) in &secrets {
            if memchr::memmem::find(&bytes, secret).is_some() {
                tally.fail("key in a file", format!("{name} in {}", file.display()));
            }
        }
    }
    let mut found = vec![0_u64; secrets.len()];
    memory::read(process, |bytes| {
        for ((_, secret), found) in secrets.iter().zip(&mut found) {
            let hits = memchr::memmem::find_iter(bytes, secret).count();
            *found += u64::try_from(hits).unwrap_or_default();
        }
    })?;
    for ((name, _), found) in secrets.iter().zip(found) {
        tally.add(&format!("in memory after closing: {name}"), found);
    }
    Ok(())
}

fn look_in_memory(scan: &Scan, told: &[Told], process: u32, tally: &mut Tally) -> Result<()> {
    let mut found = std::collections::BTreeSet::new();
    let mut size = 0;
    memory::read(process, |bytes| {
        size += bytes.len();
        found.extend(scan.hits(bytes));
    })?;
    tally.add(
        "KiB of memory searched",
        u64::try_from(size / 1024).unwrap_or_default(),
    );
    let held = told
        .iter()
        .enumerate()
        .filter(|(_, canary)| canary.way == Way::Held);
    for (index, _) in held {
        // Without that, nothing found would mean nothing.
        ensure!(found.contains(&index), "what is held in memory isn't found");
    }
    for index in found {
        let way = told[index].way;
        if way != Way::Held {
            tally.count("in memory after closing: canaries");
            tally.count(&format!("in memory after closing, told as {}", way.words()));
        }
    }
    Ok(())
}
