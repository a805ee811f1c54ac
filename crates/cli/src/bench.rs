//! The chosen model's speed in the terminal.

use std::process::ExitCode;

use tandem_assistant::{
    Door,
    wire::{Call, Failure, Reply},
};

use crate::{ask::unexpected, speak::answer};

/// Measures and prints, beside the last time's figures.
pub(crate) async fn run(door: &Door) -> Result<ExitCode, Failure> {
    let Reply::Bench(bench) = door.call(Call::Bench).await? else {
        return Err(unexpected());
    };
    answer(&format!(
        "{} on {}, {} threads\n",
        bench.model, bench.device, bench.threads
    ))?;
    let row = |name: &str, now: f32, before: Option<f32>| {
        let then = before.map_or(String::new(), |before| {
            format!(
                "   last time {before:.1} ({:+.0} %)",
                (now / before - 1.0) * 100.0
            )
        });
        format!("{name:9} {now:8.1} tokens a second{then}\n")
    };
    answer(&row(
        "reading",
        bench.speeds.prompt,
        bench.before.map(|before| before.prompt),
    ))?;
    answer(&row(
        "writing",
        bench.speeds.answer,
        bench.before.map(|before| before.answer),
    ))?;
    if let Some(days) = bench.days_ago {
        answer(&match days {
            0 => "The last time was today.\n".to_owned(),
            1 => "The last time was yesterday.\n".to_owned(),
            days => format!("The last time was {days} days ago.\n"),
        })?;
    }
    Ok(ExitCode::SUCCESS)
}
