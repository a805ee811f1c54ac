//! What a whole run writes to docs/figures.

use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tandem_tests::{
    figure::{Figure, rounded},
    programs,
};

use crate::{campaign::Campaign, progress::Progress, tally::Tally};

/// The command that makes a report.
fn command(campaign: &str, seed: u64) -> String {
    format!("cargo xtask faults --full --seed {seed} --only {campaign}")
}

/// Machine and date are told by `cargo xtask faults`.
fn told(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set: use `cargo xtask faults`"))
}

/// Whether a report could be written, before hours are spent on one.
pub fn check() -> Result<()> {
    told("TANDEM_MACHINE").and(told("TANDEM_DATE")).map(|_| ())
}

/// Writes docs/figures/faults-<campaign>.json, and the figure that the campaign is for. Returns the report's name.
pub fn write(campaign: &dyn Campaign, progress: &Progress) -> Result<String> {
    let (name, tally) = (campaign.name(), &progress.tally);
    let report = json!({
        "campaign": name,
        "what": campaign.what(),
        "seed": progress.seed,
        "cases": progress.next,
        "counts": tally.counts,
        "worst": tally.worst,
        "failed": tally.failed,
        "failures": tally.failures,
        "minutes": rounded(progress.seconds / 60.0),
        "command": command(name, progress.seed),
        "machine": told("TANDEM_MACHINE")?,
        "date": told("TANDEM_DATE")?,
    });
    let folder = programs::root().join("docs/figures");
    fs::create_dir_all(&folder)?;
    let file = format!("faults-{name}.json");
    fs::write(folder.join(&file), format!("{report:#}\n"))?;
    if let Some((id, lost, n)) = figure(name, tally) {
        #[allow(clippy::cast_precision_loss, reason = "counts of cases")]
        let value = lost as f64;
        Figure {
            id,
            value: Some(value),
            unit: "",
            n: usize::try_from(n)?,
            peer: Value::Null,
            reason: None,
            raw: json!({ "report": format!("../{file}"), "counts": tally.counts, "failures": tally.failures }),
        }
        .write_as(&command(name, progress.seed))?;
    }
    Ok(file)
}

/// The figure of a campaign: its id, what was lost, in how many cases.
fn figure(campaign: &str, tally: &Tally) -> Option<(&'static str, u64, u64)> {
    match campaign {
        "kill" => Some(("vault.kill_lost", tally.of("lost"), tally.of("kills"))),
        "power" => Some(("vault.powercut_lost", tally.of("lost"), tally.of("cuts"))),
        "damage" => Some((
            "vault.silent_corruption",
            tally.of("silent"),
            tally.of("cases"),
        )),
        _ => None,
    }
}
