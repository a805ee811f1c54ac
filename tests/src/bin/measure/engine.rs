//! The assistant's event stream against llama-bench: same models, same threads, one after the other, again and again.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tandem_assistant::{
    Door, Paths,
    wire::{Call, Event, Protection, Reply, Tuning, TurnStep},
};
use tandem_tests::{
    figure::{Figure, rounded},
    programs,
    server::Server,
    stats,
};
use tokio::sync::broadcast::Receiver;

/// As llama-bench is told.
const PROMPT: u32 = 512;
const GENERATED: u32 = 64;
const THREADS: usize = 2;
const MODELS: [&str; 2] = [
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
];

/// Tokens per second.
#[derive(Clone, Copy)]
struct Speed {
    prefill: f64,
    decode: f64,
}

/// The ratios ours / theirs of one model.
#[derive(Default)]
struct Ratios {
    prefill: Vec<f64>,
    decode: Vec<f64>,
    /// Against llama-server's stream.
    served: Vec<f64>,
}

pub(crate) async fn measure(rounds: usize) -> Result<()> {
    let mut raw = vec![];
    let mut all = vec![];
    for name in MODELS {
        let model = programs::root().join("models").join(name);
        ensure!(
            model.is_file(),
            "models/{name} is missing: fetch it with `cargo xtask fetch`"
        );
        let (ratios, samples) = compare(&model, rounds).await?;
        println!(
            "{name}: prefill {:.3}, decode {:.3} of llama-bench's (medians)",
            stats::median(&ratios.prefill),
            stats::median(&ratios.decode)
        );
        raw.push(json!({ "model": name, "rounds": samples }));
        all.push(ratios);
    }
    for (id, of) in [
        (
            "engine.prefill_vs_llama_bench",
            (|ratios| &ratios.prefill) as fn(&Ratios) -> &Vec<f64>,
        ),
        ("engine.decode_vs_llama_bench", |ratios| &ratios.decode),
        ("engine.decode_vs_llama_server", |ratios| &ratios.served),
    ] {
        let peer = if id.ends_with("server") {
            "llama-server"
        } else {
            "llama-bench"
        };
        let worst = all
            .iter()
            .map(|ratios| stats::lower_bound(of(ratios)))
            .fold(f64::INFINITY, f64::min);
        let medians: Vec<f64> = all
            .iter()
            .map(|ratios| rounded(stats::median(of(ratios))))
            .collect();
        Figure {
            id,
            value: Some(worst),
            unit: "",
            n: rounds,
            peer: json!(format!("{peer} = 1; medians {medians:?} of {MODELS:?}")),
            reason: None,
            raw: json!(raw),
        }
        .write()?;
        println!("{id}: {worst:.3}");
    }
    Ok(())
}

async fn compare(model: &Path, rounds: usize) -> Result<(Ratios, Vec<Value>)> {
    let folder = tempfile::tempdir()?;
    let door = open(folder.path(), model).await?;
    let server = Server::start(model, 4096).await?;
    let mut ratios = Ratios::default();
    let mut samples = vec![];
    for round in 0..=rounds {
        let ours = loop {
            // A model may end its story early: then it is told another.
            if let Some(speed) = assistant(&door, round).await? {
                break speed;
            }
        };
        let theirs = llama_bench(model)?;
        let served = server
            .ask(&[("user", &story(round))], GENERATED)
            .await?
            .speed;
        // The first pair warms disk and caches.
        if round == 0 {
            continue;
        }
        ratios.prefill.push(ours.prefill / theirs.prefill);
        ratios.decode.push(ours.decode / theirs.decode);
        ratios.served.push(ours.decode / served);
        println!(
            "  prefill {:.0} / {:.0}, decode {:.1} / {:.1}, served {served:.1} tok/s",
            ours.prefill, theirs.prefill, ours.decode, theirs.decode
        );
        let rounded_both = |speed: Speed| json!([rounded(speed.prefill), rounded(speed.decode)]);
        samples.push(json!({
            "ours": rounded_both(ours), "llama_bench": rounded_both(theirs), "llama_server": rounded(served),
        }));
    }
    door.close().await;
    Ok((ratios, samples))
}

async fn open(folder: &Path, model: &Path) -> Result<Door> {
    let door = Door::open(Paths::new(Some(folder.to_owned()))?).await?;
    let passphrase = "measured, not kept".to_owned();
    door.call(Call::Protect {
        protection: Protection::Passphrase { passphrase },
    })
    .await?;
    let path = model.to_string_lossy().into_owned();
    let Reply::Models(models) = door.call(Call::AddModel { path: path.clone() }).await? else {
        bail!("no models")
    };
    let card = models
        .into_iter()
        .find(|card| path.ends_with(&card.id) || card.id == path)
        .context("the model was not added")?;
    door.call(Call::UseModel { id: card.id }).await?;
    // llama.cpp's programs guess nothing ahead: the plain path is measured against theirs.
    let tuning = Tuning {
        sleep_minutes: None,
        drafts: false,
        spare_battery: false,
    };
    door.call(Call::Tune { tuning }).await?;
    Ok(door)
}

/// A question of about [`PROMPT`] tokens that shares no beginning with another, and the first tokens of its answer.
/// `None` when the answer ended before it could be measured.
async fn assistant(door: &Door, round: usize) -> Result<Option<Speed>> {
    let mut events = door.events();
    let Reply::Conversation(view) = door.call(Call::NewConversation).await? else {
        bail!("no conversation")
    };
    let text = story(round);
    let began = Instant::now();
    let Reply::Turn { turn, .. } = door
        .call(Call::Ask {
            conversation: view.id,
            parent: None,
            text,
        })
        .await?
    else {
        bail!("no turn")
    };
    let mut read = None;
    let mut first = None;
    let mut decoded = None;
    let receipt = loop {
        match step(&mut events, turn).await? {
            TurnStep::Started => read = Some(began.elapsed()),
            TurnStep::Text { tokens, .. } => {
                let now = Instant::now();
                let (from, at) = *first.get_or_insert((tokens, now));
                if tokens >= from + GENERATED && decoded.is_none() {
                    decoded = Some((tokens - from, now - at));
                    door.call(Call::Stop { turn }).await?;
                }
            }
            TurnStep::Notice { notice } => bail!("{}", notice.message),
            TurnStep::Ended { message } => break message.receipt.context("no receipt")?,
        }
    };
    let new_tokens = receipt.prompt_tokens - receipt.reused_tokens;
    let read = read.context("the prompt was never read")?;
    Ok(decoded.map(|(tokens, time)| Speed {
        prefill: f64::from(new_tokens) / read.as_secs_f64(),
        decode: f64::from(tokens) / time.as_secs_f64(),
    }))
}

fn story(round: usize) -> String {
    let mut text = format!(
        "{} {round}. Tell a very long story about these words:",
        random_word()
    );
    for _ in 0..PROMPT - 60 {
        text.push(' ');
        text.push_str(random_word());
    }
    text
}

async fn step(events: &mut Receiver<Event>, turn: tandem_conversation::TurnId) -> Result<TurnStep> {
    loop {
        if let Event::Turn { turn: of, step, .. } = events.recv().await?
            && of == turn
        {
            return Ok(step);
        }
    }
}

/// Words that most vocabularies hold as one token.
fn random_word() -> &'static str {
    const WORDS: [&str; 16] = [
        "sea", "house", "light", "river", "stone", "bird", "time", "road", "tree", "night", "hand",
        "book", "wind", "fire", "door", "song",
    ];
    WORDS[fastrand::usize(..WORDS.len())]
}

/// The same work: a prompt read into an empty context, tokens generated after a prompt of that length.
fn llama_bench(model: &Path) -> Result<Speed> {
    Ok(Speed {
        prefill: bench(model, [PROMPT, 0, 0])?,
        decode: bench(model, [0, GENERATED, PROMPT])?,
    })
}

/// Tokens per second of one of llama-bench's tests: tokens of the prompt, generated, and already in the context.
fn bench(model: &Path, [prompt, generated, depth]: [u32; 3]) -> Result<f64> {
    let programs = env::var_os("TANDEM_PEER")
        .map(PathBuf::from)
        .context("TANDEM_PEER is not set: use `cargo xtask bench`")?;
    let output = Command::new(programs.join("llama-bench"))
        .arg("-m")
        .arg(model)
        .args(["-p", &prompt.to_string(), "-n", &generated.to_string()])
        .args(["-d", &depth.to_string(), "-t", &THREADS.to_string()])
        .args(["-r", "1", "-o", "json"])
        .output()
        .context("llama-bench can't be started")?;
    ensure!(
        output.status.success(),
        "llama-bench failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tests: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    tests
        .first()
        .and_then(|test| test["avg_ts"].as_f64())
        .context("llama-bench told no speed")
}
