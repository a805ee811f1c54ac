//! The committed figures, held against their targets in one table.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::place::Place;
use crate::target::Target;

#[derive(Deserialize)]
struct Targets {
    figure: Vec<Wanted>,
}

#[derive(Deserialize)]
struct Wanted {
    id: String,
    what: String,
    target: String,
}

/// A figure as its measurement wrote it.
#[derive(Deserialize)]
struct Figure {
    id: String,
    value: Option<f64>,
    unit: Option<String>,
    #[serde(default)]
    peer: Value,
    command: String,
    machine: String,
    date: String,
    reason: Option<String>,
}

/// Writes docs/figures/README.md and prints a line for each figure.
pub(crate) fn write(place: &Place) -> Result<()> {
    let folder = place.root().join("docs/figures");
    let file = folder.join("targets.toml");
    let text =
        fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let targets: Targets = toml::from_str(&text).context("docs/figures/targets.toml")?;
    let mut page = String::from(
        "# Figures\n\nWritten by `cargo xtask figures` from the files beside it and targets.toml; never by hand.\n\n\
         | id | what | target | value | met | peer | date | command | machine |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let mut lines = Vec::new();
    let mut met_count = 0;
    for wanted in &targets.figure {
        let figure = read(&folder, &wanted.id)?;
        let met = match figure.as_ref().and_then(|figure| figure.value) {
            Some(value) => {
                let target = Target::parse(&wanted.target).with_context(|| wanted.id.clone())?;
                Some(target.is_met(value))
            }
            None => None,
        };
        met_count += usize::from(met == Some(true));
        page.push_str(&row(wanted, figure.as_ref(), met));
        let verdict = verdict(figure.as_ref(), met);
        lines.push(format!("{:<34} {:<12} {verdict}", wanted.id, wanted.target));
    }
    let closing = format!("{met_count} of {} targets met", targets.figure.len());
    let _ = writeln!(page, "\n{closing}.");
    fs::write(folder.join("README.md"), page)?;
    println!("{}\n\n{closing}", lines.join("\n"));
    Ok(())
}

fn read(folder: &Path, id: &str) -> Result<Option<Figure>> {
    let file = folder.join(format!("{id}.json"));
    if !file.exists() {
        return Ok(None);
    }
    let figure: Figure = serde_json::from_str(&fs::read_to_string(&file)?)
        .with_context(|| file.display().to_string())?;
    if figure.id != id {
        bail!("{} calls itself '{}'", file.display(), figure.id);
    }
    Ok(Some(figure))
}

fn value(figure: &Figure) -> String {
    match figure.value {
        Some(value) => format!("{value} {}", figure.unit.as_deref().unwrap_or_default())
            .trim_end()
            .to_owned(),
        None => format!(
            "not measurable: {}",
            figure.reason.as_deref().unwrap_or("no reason given")
        ),
    }
}

fn verdict(figure: Option<&Figure>, met: Option<bool>) -> String {
    let Some(figure) = figure else {
        return "not measured yet".into();
    };
    match met {
        Some(true) => format!("met: {}", value(figure)),
        Some(false) => format!("NOT met: {}", value(figure)),
        None => value(figure),
    }
}

fn row(wanted: &Wanted, figure: Option<&Figure>, met: Option<bool>) -> String {
    let Some(figure) = figure else {
        return format!(
            "| {} | {} | {} | not measured yet | | | | | |\n",
            wanted.id,
            cell(&wanted.what),
            wanted.target
        );
    };
    let peer = match &figure.peer {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let met = met.map_or("", |met| if met { "yes" } else { "no" });
    let (value, machine) = (cell(&value(figure)), cell(&figure.machine));
    format!(
        "| {} | {} | {} | {value} | {met} | {} | {} | `{}` | {machine} |\n",
        wanted.id,
        cell(&wanted.what),
        wanted.target,
        cell(&peer),
        figure.date,
        cell(&figure.command),
    )
}

/// Text that can't break out of its column.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_committed_target_can_be_read() -> Result<()> {
        let targets: Targets = toml::from_str(include_str!("../../docs/figures/targets.toml"))?;
        for wanted in &targets.figure {
            Target::parse(&wanted.target)?;
        }
        Ok(())
    }

    #[test]
    fn a_row_shows_a_missing_figure_and_one_that_could_not_be_measured() -> Result<()> {
        let wanted = Wanted {
            id: "x".into(),
            what: "a | b".into(),
            target: "<= 1".into(),
        };
        assert_eq!(
            row(&wanted, None, None),
            "| x | a \\| b | <= 1 | not measured yet | | | | | |\n"
        );
        let figure: Figure = serde_json::from_str(
            r#"{ "id": "x", "value": null, "command": "c", "machine": "m", "date": "2026-11-24", "reason": "no GPU" }"#,
        )?;
        assert!(row(&wanted, Some(&figure), None).contains("not measurable: no GPU"));
        Ok(())
    }
}
