//! Decode beside a program that keeps every core busy, and what that program loses.

use std::{
    io::Read,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::json;
use tandem_conversation::{Drafts, Prompt};
use tandem_engine_client::Engine;
use tandem_tests::{
    ask::{self, SMOLLM, answer, question},
    figure::{Figure, rounded},
    stats,
};

const TOKENS: u32 = 200;

/// The other program: every core computes until it is told to stop; prints how much it did a second.
pub(crate) fn spin(milliseconds: u64) {
    let (end, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut number = 1u64;
                while !end.load(Ordering::Relaxed) {
                    for _ in 0..100_000 {
                        number = std::hint::black_box(
                            number
                                .wrapping_mul(6_364_136_223_846_793_005)
                                .wrapping_add(1),
                        );
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        thread::sleep(Duration::from_millis(milliseconds));
        end.store(true, Ordering::Relaxed);
    });
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    println!("{rate}");
}

fn start_spinning(milliseconds: u64) -> Result<Child> {
    Ok(Command::new(std::env::current_exe()?)
        .args(["spin", &milliseconds.to_string()])
        .stdout(Stdio::piped())
        .spawn()?)
}

fn rate(mut child: Child) -> Result<f64> {
    let mut text = String::new();
    child
        .stdout
        .take()
        .context("no output")?
        .read_to_string(&mut text)?;
    child.wait()?;
    Ok(text.trim().parse()?)
}

pub(crate) async fn measure(rounds: usize) -> Result<()> {
    let engine = ask::engine(SMOLLM)?;
    engine.warm().await?;
    let (mut ratios, mut shares, mut raw) = (vec![], vec![], vec![]);
    for round in 0..=rounds {
        // It has got over the busy time before.
        speed(&engine).await?;
        let idle = speed(&engine).await?;
        let alone = rate(start_spinning(1500)?)?;
        let mut busy = start_spinning(60_000)?;
        let pid = busy.id();
        thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        let beside = speed(&engine).await?;
        // Its rate is taken over a time in which the engine works throughout.
        let other = start_and_measure(&engine, pid).await?;
        busy.wait()?;
        if round == 0 {
            continue;
        }
        ratios.push(beside / idle);
        shares.push(other / alone);
        println!(
            "  {beside:.1} / {idle:.1} tok/s in {:.1} s; the other program keeps {:.2}",
            began.elapsed().as_secs_f64(),
            other / alone
        );
        raw.push(json!({ "idle": rounded(idle), "busy": rounded(beside), "others_share": rounded(other / alone) }));
    }
    engine.stop().await?;
    let value = stats::median(&ratios);
    println!(
        "engine.busy_decode_ratio: {value:.3}; the other program keeps {:.2}",
        stats::median(&shares)
    );
    Figure {
        id: "engine.busy_decode_ratio",
        value: Some(value),
        unit: "",
        n: rounds,
        peer: json!(format!(
            "idle = 1; the other program, which would take every core, keeps {:.2} of its speed",
            stats::median(&shares)
        )),
        reason: None,
        raw: json!(raw),
    }
    .write()
}

/// Ends the spinning program, and measures another one while the engine answers.
async fn start_and_measure(engine: &Engine, spinning: u32) -> Result<f64> {
    tandem_tests::window::kill(spinning)?;
    let answering = {
        let engine = engine.clone();
        tokio::spawn(async move {
            loop {
                if speed(&engine).await.is_err() {
                    return;
                }
            }
        })
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    let other = start_spinning(4000)?;
    let rate = tokio::task::spawn_blocking(move || rate(other)).await??;
    answering.abort();
    Ok(rate)
}

async fn speed(engine: &Engine) -> Result<f64> {
    let prompt = Prompt {
        max_tokens: Some(TOKENS),
        drafts: Drafts::None,
        ..question("Write a long story about the sea.")
    };
    Ok(answer(engine, prompt).await?.speed())
}
