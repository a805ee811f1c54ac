//! A vault of many messages: how long its calls take, and what encryption costs beside the same store without it.

mod large;
mod queries;

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tandem_conversation::{ConversationId, Message, MessageId, MessageState, Role};
use tandem_tests::{
    corpus::Corpus,
    figure::{Figure, rounded},
    stats,
};
use tandem_vault::{Shelf, Vault};
use uuid::Uuid;

use large::{Large, conversation};

const OPENS: usize = 20;
const APPENDS: usize = 1_000;
const PAGES: usize = 300;
const COLD: usize = 60;
const ROUNDS: usize = 15;

pub(crate) async fn measure(messages: usize) -> Result<()> {
    let large = Large::made(messages).await?;
    let opens = opens(&large).await?;
    let cold = cold(&large).await?;
    let sealed = large.sealed().await?;
    let plain = large.plain().await?;
    let searches = queries::measure(&sealed).await?;
    let pages = pages(&sealed).await?;
    let (reads, read_raw) = reads(&sealed, &plain, large.conversations).await?;
    let (appends, writes, write_raw) = appends(&sealed, &plain).await?;
    sealed.close().await?;
    plain.close().await?;

    let p95 = |samples: &[f64]| percentile(samples, 0.95);
    let of = format!(
        "{messages} messages in {} conversations",
        large.conversations
    );
    println!(
        "list page p95 {:.2} ms, a conversation opened cold p95 {:.2} ms",
        p95(&pages),
        p95(&cold)
    );
    for (id, value, unit, n, note, raw) in [
        (
            "vault.open_ms",
            p95(&opens),
            "ms",
            opens.len(),
            json!(null),
            json!({
                "of": of, "open_ms": all(&opens), "sealed_bytes": large.bytes("sealed")?, "plain_bytes": large.bytes("plain")?,
                "cold_conversation_ms": { "p50": rounded(stats::median(&cold)), "p95": rounded(p95(&cold)), "all": all(&cold) },
            }),
        ),
        (
            "vault.search_ms",
            p95(&searches.times),
            "ms",
            searches.times.len(),
            json!(null),
            json!({ "of": of, "kinds": searches.kinds, "list_page_ms": { "p50": rounded(stats::median(&pages)), "p95": rounded(p95(&pages)) } }),
        ),
        (
            "vault.append_ms",
            p95(&appends),
            "ms",
            appends.len(),
            json!(null),
            json!({ "of": of, "append_ms": all(&appends) }),
        ),
        (
            "vault.read_overhead",
            reads,
            "",
            ROUNDS,
            json!("plain SQLite in the same run = 1"),
            json!({ "of": of, "rounds": read_raw }),
        ),
        (
            "vault.write_overhead",
            writes,
            "",
            APPENDS,
            json!("plain SQLite in the same run = 1"),
            json!({ "of": of, "blocks": write_raw }),
        ),
    ] {
        println!("{id}: {value:.3} {unit}");
        Figure {
            id,
            value: Some(value),
            unit,
            n,
            peer: note,
            reason: None,
            raw,
        }
        .write()?;
    }
    Ok(())
}

async fn opens(large: &Large) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..OPENS {
        let began = Instant::now();
        let vault = large.sealed().await?;
        times.push(ms(began));
        vault.close().await?;
    }
    Ok(times)
}

/// Conversations read right after the start, with nothing of the files in the system's memory.
async fn cold(large: &Large) -> Result<Vec<f64>> {
    let mut random = fastrand::Rng::with_seed(3);
    let mut times = Vec::new();
    for _ in 0..COLD {
        large.forget()?;
        let vault = large.sealed().await?;
        let id = conversation(random.usize(..large.conversations));
        let began = Instant::now();
        let (_, messages) = vault.conversation(id).await?;
        times.push(ms(began));
        ensure!(messages.len() >= 20, "a conversation is too short");
        vault.close().await?;
    }
    Ok(times)
}

async fn pages(vault: &Vault) -> Result<Vec<f64>> {
    let (mut times, mut after) = (Vec::new(), None);
    for _ in 0..PAGES {
        let began = Instant::now();
        let page = vault.page(&Shelf::default(), after, 100).await?;
        times.push(ms(began));
        after = page.next;
    }
    Ok(times)
}

/// The same conversations, pages and searches in both, in turns; each once before, so that they are warm.
async fn reads(sealed: &Vault, plain: &Vault, conversations: usize) -> Result<(f64, Vec<Value>)> {
    let (mut ratios, mut raw) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let one = read(sealed, conversations).await?;
        let other = read(plain, conversations).await?;
        if round > 0 {
            ratios.push(one / other);
            raw.push(json!({ "sealed_ms": rounded(one), "plain_ms": rounded(other) }));
        }
    }
    Ok((stats::median(&ratios), raw))
}

async fn read(vault: &Vault, conversations: usize) -> Result<f64> {
    let mut random = fastrand::Rng::with_seed(4);
    let began = Instant::now();
    for _ in 0..300 {
        vault
            .conversation(conversation(random.usize(..conversations)))
            .await?;
        vault.page(&Shelf::default(), None, 100).await?;
    }
    for typed in ["rare meeting", "\"question answer\"", "東京", "gard"] {
        vault.search(typed, 50).await?;
    }
    Ok(ms(began))
}

/// Single messages, each durable, in blocks of 50 in turns.
async fn appends(sealed: &Vault, plain: &Vault) -> Result<(Vec<f64>, f64, Vec<Value>)> {
    let mut corpus = Corpus::new(5);
    let id = ConversationId(Uuid::now_v7());
    for vault in [sealed, plain] {
        vault.create_conversation(id, 1).await?;
    }
    let (mut times, mut ratios, mut raw) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..APPENDS / 50 {
        let messages: Vec<Message> = (0..50)
            .map(|at| Message {
                id: MessageId(Uuid::now_v7()),
                conversation: id,
                parent: None,
                role: Role::User,
                text: {
                    let language = corpus.language();
                    corpus.text(language, at % 2 == 1)
                },
                state: MessageState::Complete,
                created_ms: 1,
                receipt: None,
            })
            .collect();
        let one = append(sealed, &messages).await?;
        let other = append(plain, &messages).await?;
        let (a, b) = (one.iter().sum::<f64>(), other.iter().sum::<f64>());
        ratios.push(a / b);
        raw.push(json!({ "sealed_ms": rounded(a), "plain_ms": rounded(b) }));
        times.extend(one);
    }
    for vault in [sealed, plain] {
        vault.delete_conversation(id).await?;
    }
    Ok((times, stats::median(&ratios), raw))
}

async fn append(vault: &Vault, messages: &[Message]) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for message in messages {
        let began = Instant::now();
        vault.append(message).await?;
        times.push(ms(began));
    }
    Ok(times)
}

fn percentile(samples: &[f64], part: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "few samples"
    )]
    let at = (sorted.len() as f64 * part).ceil() as usize;
    sorted
        .get(at.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

fn all(samples: &[f64]) -> Vec<f64> {
    samples.iter().copied().map(rounded).collect()
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}
