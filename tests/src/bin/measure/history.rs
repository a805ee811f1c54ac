//! A question that follows a long conversation: in the same run, after a restart, and read anew.

use std::{path::PathBuf, process::Command, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tandem_conversation::{ConversationId, Prompt};
use tandem_engine_client::Engine;
use tandem_tests::{
    ask::{self, Answer, Memory, SMOLLM, answer, follow_up, question},
    figure::{Figure, rounded},
    server::Server,
    stats,
};
use uuid::Uuid;

/// Tokens of the history, about, and of the new question with its frame.
const WORDS: usize = 1900;
const NEW_WORDS: usize = 100;
const OLD_ANSWER: u32 = 16;

pub(crate) async fn measure(rounds: usize) -> Result<()> {
    let model = ask::model(SMOLLM)?.path;
    let shelf = Arc::new(Memory::default());
    let engine = ask::engine(SMOLLM)?;
    engine.keep_on(Some(shelf.clone()));
    let (mut follow, mut restart, mut server_ratios, mut raw) = (vec![], vec![], vec![], vec![]);
    for round in 0..=rounds {
        let server = Server::start(&model, 4096).await?;
        engine.warm().await?;
        let history = history(round);
        let cold = answer(&engine, history.clone()).await?;
        let next = follow_up(&history, &cold, &words(NEW_WORDS));
        let warm = answer(&engine, next.clone()).await?;
        let new = warm.spent.prompt_tokens - warm.spent.reused_tokens;
        ensure!(
            warm.spent.reused_tokens > 1800,
            "the history was read again: {:?}",
            warm.spent
        );
        // What follows a restart is what was just answered.
        engine.stop().await?;
        engine.warm().await?;
        let later = follow_up(&next, &warm, "And then?");
        let back = answer(&engine, later.clone()).await?;
        ensure!(
            back.spent.reused_tokens > 1800,
            "nothing came back: {:?}",
            back.spent
        );
        let anew = read_anew(&later).await?;
        let peer = prefill(&model, new, warm.spent.reused_tokens)?;
        let theirs = server_follow_up(&server, &next, &cold).await?;
        if round == 0 {
            continue;
        }
        follow.push(warm.first.as_secs_f64() / peer);
        restart.push(back.first.as_secs_f64() / anew.as_secs_f64());
        server_ratios.push(warm.first.as_secs_f64() / theirs.as_secs_f64());
        println!(
            "  follow-up of {new} tokens {:.0} ms (alone {:.0}, llama-server {:.0}), after a restart {:.0} ms, anew {:.0} ms",
            ms(warm.first),
            peer * 1000.0,
            ms(theirs),
            ms(back.first),
            ms(anew)
        );
        raw.push(json!({
            "new_tokens": new, "history_tokens": warm.spent.reused_tokens, "follow_up_ms": rounded(ms(warm.first)),
            "prefill_alone_ms": rounded(peer * 1000.0), "llama_server_follow_up_ms": rounded(ms(theirs)),
            "after_restart_ms": rounded(ms(back.first)), "cold_ms": rounded(ms(anew)),
        }));
    }
    engine.stop().await?;
    write(
        "engine.followup_ttft_ratio",
        &follow,
        rounds,
        &json!(format!(
            "llama-bench's prefill of the new tokens at that depth = 1; llama-server's follow-up in the same run is {:.3} of ours",
            1.0 / stats::median(&server_ratios)
        )),
        &raw,
    )?;
    write(
        "engine.restart_ttft_ratio",
        &restart,
        rounds,
        &json!("a cold prefill of the same history = 1"),
        &raw,
    )
}

fn write(id: &'static str, ratios: &[f64], n: usize, peer: &Value, raw: &[Value]) -> Result<()> {
    let value = stats::median(ratios);
    println!("{id}: {value:.3}");
    Figure {
        id,
        value: Some(value),
        unit: "",
        n,
        peer: peer.clone(),
        reason: None,
        raw: json!(raw),
    }
    .write()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn history(round: usize) -> Prompt {
    Prompt {
        conversation: Some(ConversationId(Uuid::from_u128(1000 + round as u128))),
        max_tokens: Some(OLD_ANSWER),
        ..question(&format!("{round} {}", words(WORDS)))
    }
}

async fn read_anew(prompt: &Prompt) -> Result<Duration> {
    let engine: Engine = ask::engine(SMOLLM)?;
    engine.warm().await?;
    let anew: Answer = answer(&engine, prompt.clone()).await?;
    ensure!(anew.spent.reused_tokens == 0, "it was not read anew");
    engine.stop().await?;
    Ok(anew.first)
}

/// Seconds that llama-bench takes for so many tokens at that depth.
fn prefill(model: &std::path::Path, tokens: u32, depth: u32) -> Result<f64> {
    let programs = std::env::var_os("TANDEM_PEER")
        .map(PathBuf::from)
        .context("TANDEM_PEER is not set")?;
    let output = Command::new(programs.join("llama-bench"))
        .arg("-m")
        .arg(model)
        .args([
            "-p",
            &tokens.to_string(),
            "-n",
            "0",
            "-d",
            &depth.to_string(),
        ])
        .args(["-t", "2", "-r", "1", "-o", "json"])
        .output()?;
    let tests: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    let speed = tests
        .first()
        .and_then(|test| test["avg_ts"].as_f64())
        .context("llama-bench told no speed")?;
    Ok(f64::from(tokens) / speed)
}

async fn server_follow_up(server: &Server, next: &Prompt, first: &Answer) -> Result<Duration> {
    let text = |at: usize| next.messages[at].text.as_str();
    let asked = [("system", text(0)), ("user", text(1))];
    server.ask(&asked, OLD_ANSWER).await?;
    let then = [
        asked[0],
        asked[1],
        ("assistant", first.text.as_str()),
        ("user", text(3)),
    ];
    Ok(server.ask(&then, OLD_ANSWER).await?.first)
}

fn words(count: usize) -> String {
    const WORDS: [&str; 12] = [
        "sea", "house", "light", "river", "stone", "bird", "time", "road", "tree", "night", "hand",
        "book",
    ];
    let words: Vec<_> = (0..count)
        .map(|_| WORDS[fastrand::usize(..WORDS.len())])
        .collect();
    words.join(" ")
}
