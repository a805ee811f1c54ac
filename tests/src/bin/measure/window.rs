//! The app itself: how soon it can be used, what it takes, what it leaves lying about.

use std::{fs, time::Duration};

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use serde_json::json;
use tandem_tests::{
    canary,
    desktop::Desktop,
    figure::Figure,
    stats,
    window::{Window, children},
};
use tokio::time::sleep;

/// A desktop where Tandem was used before: the usual start.
async fn used() -> Result<Desktop> {
    let desktop = Desktop::start(1280, 900)?;
    let window = Window::open(&desktop).await?;
    window.begin().await?;
    window.ask("Say hello.").await?;
    window.answered().await?;
    window.quit().await?;
    Ok(desktop)
}

pub(crate) async fn start(rounds: usize) -> Result<()> {
    let desktop = used().await?;
    let mut samples = vec![];
    for _ in 0..rounds {
        let window = Window::open(&desktop).await?;
        window.part("composer").await?;
        let usable = window
            .script("return performance.timeOrigin + performance.getEntriesByName('tandem:usable')[0].startTime")
            .await?
            .as_f64()
            .context("the page told no time")?;
        samples.push((usable - started_ms(window.process()?)?).round());
        window.quit().await?;
    }
    let value = stats::median(&samples);
    println!("app.start_ms: {value} (median), {samples:?}");
    Figure {
        id: "app.start_ms",
        value: Some(value),
        unit: "ms",
        n: rounds,
        peer: json!(null),
        reason: None,
        raw: json!({ "unit": "ms from the start of the process", "profile": profile(), "samples": samples }),
    }
    .write()
}

pub(crate) async fn idle() -> Result<()> {
    let desktop = used().await?;
    let window = Window::open(&desktop).await?;
    window.part("composer").await?;
    window
        .until(
            "return document.querySelector('[data-testid=engine-state]')?.dataset.is !== 'loading'",
        )
        .await?;
    sleep(Duration::from_secs(20)).await;
    let mut parts = vec![];
    for process in family(window.process()?) {
        let name = fs::read_to_string(format!("/proc/{process}/comm"))?
            .trim()
            .to_owned();
        parts.push((name, megabytes(process)?));
    }
    window.quit().await?;
    let (engine, app): (Vec<_>, Vec<_>) = parts
        .iter()
        .partition(|(name, _)| name.starts_with("tandem-engine"));
    let sum = |parts: &[&(String, f64)]| parts.iter().map(|(_, size)| size).sum::<f64>();
    println!(
        "app and page {:.1} MB, engine {:.1} MB: {parts:?}",
        sum(&app),
        sum(&engine)
    );
    Figure {
        id: "app.idle_mb",
        value: Some(sum(&app)),
        unit: "MB",
        n: 1,
        peer: json!(format!("the engine's process beside it, with the embedded model: {:.1} MB", sum(&engine))),
        reason: None,
        raw: json!({ "unit": "MB, proportional set size after 20 s", "profile": profile(), "processes": parts }),
    }
    .write()
}

/// Sentences put wherever a person can type, and where each was found in the clear.
pub(crate) async fn canaries() -> Result<()> {
    let desktop = Desktop::start(1280, 900)?;
    let word = |place: &str| format!("{place}-canary-{:08x}", fastrand::u32(..));
    let [question, edited, wanted, draft, title, path] =
        ["question", "edited", "wanted", "draft", "title", "path"].map(word);
    let window = Window::open(&desktop).await?;
    window.begin().await?;
    window.ask(&format!("Repeat: {question}")).await?;
    let answer = window.answered().await?;
    window.click("edit").await?;
    window
        .type_into("edit-input", &format!(" {edited}"))
        .await?;
    window.click("edit-save").await?;
    window.answered().await?;
    window
        .wait("[data-testid=conversation-row] button")
        .await?
        .send_keys(&char::from(Key::F2).to_string())
        .await?;
    window
        .type_into(
            "rename-input",
            &format!("{title}{}", char::from(Key::Enter)),
        )
        .await?;
    window.type_into("search", &wanted).await?;
    window.click("settings-open").await?;
    window
        .type_into("model-path", &format!("/{path}.gguf"))
        .await?;
    window.click("model-add").await?;
    window.part("error-line").await?;
    window.click("settings-close").await?;
    window.type_into("composer", &draft).await?;
    let shown = window.texts("body").await?.join(" ");
    ensure!(
        shown.contains(&edited) && shown.contains(&title),
        "what was typed did not arrive: {shown}"
    );
    let mut planted = vec![question, edited, wanted, draft, title, path, answer];
    // A short answer may be anywhere by chance.
    planted.retain(|sentence| sentence.len() > 12);
    let look = || -> Result<Vec<String>> {
        let mut found = vec![];
        for sentence in &planted {
            for file in canary::hits(desktop.folder(), sentence)? {
                let name = file.strip_prefix(desktop.folder())?.display().to_string();
                found.push(format!("{sentence} in {name}"));
            }
        }
        Ok(found)
    };
    let mut found = look()?;
    // Once by a crash, once by the usual way out.
    window.kill().await?;
    found.extend(look()?);
    let window = Window::open(&desktop).await?;
    window.part("composer").await?;
    window.quit().await?;
    found.extend(look()?);
    let log = fs::read_to_string(desktop.home().join(".local/share/tandem/tandem.log"))?;
    ensure!(log.contains("TRACE"), "the log was not at TRACE level");
    found.sort();
    found.dedup();
    println!("privacy.canary_hits: {} {found:?}", found.len());
    #[expect(clippy::cast_precision_loss, reason = "few")]
    let value = found.len() as f64;
    Figure {
        id: "privacy.canary_hits",
        value: Some(value),
        unit: "",
        n: planted.len(),
        peer: json!(null),
        reason: None,
        raw: json!({ "planted": planted.len(), "looked": ["running", "killed", "quit"], "log": "TRACE", "found": found }),
    }
    .write()
}

/// A process and all that came of it.
fn family(process: u32) -> Vec<u32> {
    let mut all = vec![process];
    let mut at = 0;
    while at < all.len() {
        all.extend(children(all[at]).unwrap_or_default());
        at += 1;
    }
    all
}

/// The process's share of memory: what it has for itself, and its part of what it shares.
fn megabytes(process: u32) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let kibibytes: f64 = text
        .lines()
        .find_map(|line| line.strip_prefix("Pss:"))
        .and_then(|rest| rest.split_whitespace().next())
        .context("no Pss")?
        .parse()?;
    Ok((kibibytes * 1024.0 / 1e5).round() / 10.0)
}

/// When a process began, in milliseconds since 1970, to a hundredth of a second.
fn started_ms(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("no stat")?;
    let ticks: f64 = fields
        .split_whitespace()
        .nth(19)
        .context("no start")?
        .parse()?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let uptime = fs::read_to_string("/proc/uptime")?;
    let since_boot: f64 = uptime
        .split_whitespace()
        .next()
        .context("no uptime")?
        .parse()?;
    Ok((now.as_secs_f64() - since_boot + ticks / 100.0) * 1000.0)
}

fn profile() -> &'static str {
    if cfg!(debug_assertions) {
        "dev, opt-level 1, engine optimized"
    } else {
        "release"
    }
}
