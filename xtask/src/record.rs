//! How long the test command took, and the figure made of it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::place::Place;
use crate::report::{Report, Step};
use crate::{date, machine, setup};

const ID: &str = "setup.cold_minutes";

/// One run of the test command.
#[derive(Serialize, Deserialize)]
struct Run {
    cold: bool,
    minutes: f64,
    date: String,
    machine: String,
    steps: Vec<Step>,
}

/// Whether nothing was built or fetched before: no llama.cpp, no setup, a clean clone.
pub(crate) fn is_cold(place: &Place) -> bool {
    let built = place
        .target()
        .join("debug/build")
        .read_dir()
        .is_ok_and(|entries| {
            entries.flatten().any(|entry| {
                entry
                    .file_name()
                    .to_string_lossy()
                    .starts_with("llama-cpp-sys-2-")
            })
        });
    let cloned = !place.ui().join("node_modules").exists();
    !built && cloned && !place.setup().exists()
}

fn file_of(place: &Place, cold: bool) -> PathBuf {
    place.setup().join(if cold {
        "last-cold-test.json"
    } else {
        "last-warm-test.json"
    })
}

/// Keeps a run that went well.
pub(crate) fn last_test(place: &Place, report: &Report, cold: bool) -> Result<()> {
    let minutes = (report.elapsed().as_secs_f64() / 0.6).round() / 100.0;
    let run = Run {
        cold,
        minutes,
        date: date::today(),
        machine: machine::description(),
        steps: report.steps().to_vec(),
    };
    println!(
        "    {} run, {minutes} min",
        if cold { "cold" } else { "warm" }
    );
    Ok(fs::write(
        file_of(place, cold),
        serde_json::to_string_pretty(&run)?,
    )?)
}

/// Writes the figure from the last cold run, and both runs beside it.
pub(crate) fn setup_figure(place: &Place) -> Result<()> {
    let read = |cold: bool| -> Result<Run> {
        let text = fs::read_to_string(file_of(place, cold))?;
        Ok(serde_json::from_str(&text)?)
    };
    let cold = read(true).context(
        "there was no cold run: run `cargo xtask test` with an empty target folder first",
    )?;
    let installed = cold
        .steps
        .iter()
        .any(|step| step.name == setup::PACKAGES && step.worked);
    if !cold.cold || !installed {
        bail!("the kept run found its system packages installed: the figure is of a bare system");
    }
    let figures = place.root().join("docs/figures");
    fs::create_dir_all(figures.join("raw"))?;
    let figure = json!({
        "id": ID, "value": cold.minutes, "unit": "min", "n": 1, "peer": null,
        "command": "cargo xtask test", "machine": cold.machine, "date": cold.date,
    });
    fs::write(figures.join(format!("{ID}.json")), format!("{figure:#}\n"))?;
    let both = json!({ "cold": cold, "warm": read(false).ok() });
    fs::write(figures.join("raw/setup.json"), format!("{both:#}\n"))?;
    println!("docs/figures/{ID}.json: {} min", cold.minutes);
    Ok(())
}
