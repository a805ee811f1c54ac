//! Engines that die in mid-answer, again and again, in every way that a system knows.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal};
use serde_json::json;
use tandem_conversation::Prompt;
use tandem_engine_client::Engine;
use tandem_tests::{
    ask::{self, SMOLLM, answer_with, question},
    figure::{Figure, rounded},
    window::children,
};

const KINDS: [Signal; 8] = [
    Signal::KILL,
    Signal::SEGV,
    Signal::ABORT,
    Signal::ILL,
    Signal::FPE,
    Signal::BUS,
    Signal::TERM,
    Signal::SYS,
];
const TOKENS: u32 = 16;
const SHOWN: usize = 6;

pub(crate) async fn measure(deaths: usize) -> Result<()> {
    let engine = ask::engine(SMOLLM)?;
    engine.warm().await?;
    let prompt = Prompt {
        max_tokens: Some(TOKENS),
        ..question("Write a long story about the sea.")
    };
    let whole = answer_with(&engine, prompt.clone(), |_| {}).await?;
    let shown: String = whole.tokens[..SHOWN]
        .iter()
        .map(|token| token.text.as_str())
        .collect();
    let (mut survived, mut waits, mut reasons) = (0u32, vec![], std::collections::BTreeMap::new());
    for death in 0..deaths {
        let signal = KINDS[death % KINDS.len()];
        let mut killed: Option<Instant> = None;
        let mut wait: Option<Duration> = None;
        let answered = answer_with(&engine, prompt.clone(), |tokens| match killed {
            None if tokens == SHOWN => {
                if let Ok(process) = process(&engine) {
                    killed = ask::end(process, signal).ok().map(|()| Instant::now());
                }
            }
            // What was under way when it died still arrives.
            Some(at)
                if tokens > SHOWN && wait.is_none_or(|wait| wait < Duration::from_millis(20)) =>
            {
                wait = Some(at.elapsed());
            }
            _ => {}
        })
        .await;
        let Ok(answered) = answered else { continue };
        let fine = killed.is_some()
            && answered.resumed.len() == 1
            && answered.tokens.len() == TOKENS as usize
            && answered.text.starts_with(&shown);
        for reason in answered.resumed {
            *reasons.entry(reason).or_insert(0u32) += 1;
        }
        survived += u32::from(fine);
        waits.extend(wait.map(|wait| wait.as_secs_f64() * 1000.0));
        if (death + 1) % 100 == 0 {
            println!("  {} of {} survived", survived, death + 1);
        }
    }
    let next = answer_with(&engine, prompt, |_| {}).await?;
    ensure!(
        next.resumed.is_empty() && next.text == whole.text,
        "the answer after the last death is another"
    );
    let orphans = children(std::process::id())?.len();
    ensure!(
        orphans == 1,
        "{orphans} processes are left, not the one engine"
    );
    engine.stop().await?;
    waits.sort_by(f64::total_cmp);
    let p95 = waits
        .get(waits.len() * 95 / 100)
        .copied()
        .unwrap_or_default();
    println!(
        "engine.deaths_survived: {survived} of {deaths}; the answer goes on after {p95:.0} ms (p95, model load included); {reasons:?}"
    );
    Figure {
        id: "engine.deaths_survived",
        value: Some(f64::from(survived)),
        unit: "",
        n: deaths,
        peer: json!(format!("the answer goes on after {p95:.0} ms at the 95th percentile, the model's load included; no orphan was left")),
        reason: None,
        raw: json!({ "reasons": reasons, "resumed_after_ms": waits.iter().map(|wait| rounded(*wait)).collect::<Vec<_>>() }),
    }
    .write()
}

fn process(engine: &Engine) -> Result<Pid> {
    let id = engine.process_id().context("there is no engine")?;
    Pid::from_raw(i32::try_from(id)?).context("no process")
}
