//! Spoiled copies of the embedded model, each put through the real engine. The engine may refuse them, or end; whoever
//! uses it must not.

mod anatomy;
mod change;
mod report;

use std::{
    fs::{self, File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use fastrand::Rng;
use futures_util::StreamExt;
use tandem_conversation::{
    Generate, GenerateEvent, GenerateFailure, Prompt, PromptMessage, Role, Sampling,
};
use tandem_engine_client::{Engine, EngineError, Model, Offload};
use tandem_tests::programs;

use anatomy::Anatomy;
use change::{Change, WAYS, Way};

const MODEL: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
/// The header and a little more.
const HEAD: usize = 4 << 20;
/// Tokens that a model which loads must answer with.
const TOKENS: u32 = 4;
/// A file that takes longer than this stops the measurement.
const PATIENCE: Duration = Duration::from_mins(10);

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// The guard refused it, in the host and in the engine.
    Guarded,
    /// llama.cpp refused it.
    Refused,
    /// It loaded, and the engine told why it gives no answer.
    Silent,
    /// It loaded and answered.
    Answered,
    /// The engine ended, or stopped answering, in these words.
    Died(String),
}

impl Fate {
    fn column(&self) -> usize {
        match self {
            Self::Guarded => 0,
            Self::Refused => 1,
            Self::Silent => 2,
            Self::Answered => 3,
            Self::Died(_) => 4,
        }
    }
}

/// One file and its fate.
struct Case {
    way: Way,
    fate: Fate,
    words: String,
    change: Change,
}

/// The sound file.
struct Sound {
    bytes: Vec<u8>,
    anatomy: Anatomy,
}

pub(crate) async fn measure(files: usize, seed: u64, workers: usize) -> Result<()> {
    let original = programs::root().join("models").join(MODEL);
    let bytes = fs::read(&original).with_context(|| format!("models/{MODEL} can't be read"))?;
    let anatomy = Anatomy::of(&bytes[..HEAD.min(bytes.len())])?;
    let sound = Arc::new(Sound { bytes, anatomy });
    let folder = tempfile::tempdir()?;
    let began = Instant::now();
    let mut running = vec![];
    for worker in 0..workers {
        let copy = folder.path().join(format!("{worker}.gguf"));
        fs::copy(&original, &copy)?;
        let sound = Arc::clone(&sound);
        running.push(tokio::spawn(async move {
            let mut cases = vec![];
            for file in (worker..files).step_by(workers) {
                let case = one(&sound, &copy, WAYS[file % WAYS.len()], seed + file as u64);
                cases.push(tokio::time::timeout(PATIENCE, case).await??);
                if cases.len() % 100 == 0 {
                    println!("  worker {worker}: {} files", cases.len());
                }
            }
            // The copy is whole again, and so is the engine.
            ensure!(fs::read(&copy)? == sound.bytes, "the copy wasn't restored");
            let (fate, words) = fate(&copy).await?;
            ensure!(fate == Fate::Answered, "the sound model: {fate:?} {words}");
            anyhow::Ok(cases)
        }));
    }
    let mut cases = vec![];
    for worker in running {
        cases.extend(worker.await??);
    }
    report::write(&cases, seed, began.elapsed())
}

async fn one(sound: &Sound, copy: &Path, way: Way, seed: u64) -> Result<Case> {
    let mut dice = Rng::with_seed(seed);
    let length = sound.bytes.len();
    let change = change::change(way, &sound.anatomy, &sound.bytes, length, &mut dice);
    apply(copy, &change)?;
    let result = fate(copy).await;
    // The engine that had the file open has ended: nobody sees it change under its feet.
    restore(copy, &change, &sound.bytes)?;
    let (fate, words) = result.with_context(|| format!("seed {seed}, {change:?}"))?;
    Ok(Case {
        way,
        fate,
        words,
        change,
    })
}

/// Puts a file through the guard and a fresh engine.
async fn fate(file: &Path) -> Result<(Fate, String)> {
    let guarded = tandem_gguf::inspect(file).err();
    let engine = Engine::new(tandem_engine_client::find_engine()?);
    engine.choose(&Model {
        path: PathBuf::from(file),
        context: 256,
        offload: Offload::None,
        threads: 1,
        ..Model::default()
    });
    let loaded = engine.warm().await;
    let fate = match (guarded, loaded) {
        (Some(error), Err(EngineError::NotLoaded { .. })) => (Fate::Guarded, error.to_string()),
        (Some(error), loaded) => bail!("the guard says {error}, the engine {loaded:?}"),
        (None, Err(EngineError::NotLoaded { message, .. })) => (Fate::Refused, message),
        (None, Err(EngineError::Died(death))) => (Fate::Died(death.to_string()), "loading".into()),
        (None, Err(EngineError::Hung)) => (Fate::Died("it hung".into()), "loading".into()),
        (None, Err(error)) => return Err(error.into()),
        (None, Ok(_)) => answer(&engine).await?,
    };
    engine.stop().await?;
    Ok(fate)
}

async fn answer(engine: &Engine) -> Result<(Fate, String)> {
    let question = PromptMessage {
        role: Role::User,
        text: "What is a mutex?".into(),
    };
    let mut prompt = Prompt::new(vec![question], Sampling::greedy());
    prompt.max_tokens = Some(TOKENS);
    let mut events = engine.generate(prompt);
    while let Some(event) = events.next().await {
        let died = match event {
            GenerateEvent::Finished(..) => return Ok((Fate::Answered, String::new())),
            GenerateEvent::Resumed(words) | GenerateEvent::Failed(GenerateFailure::Died(words)) => {
                words
            }
            GenerateEvent::Failed(GenerateFailure::Hung) => "it hung".into(),
            GenerateEvent::Failed(other) => return Ok((Fate::Silent, other.to_string())),
            GenerateEvent::Started { .. } | GenerateEvent::Token(_) => continue,
        };
        return Ok((Fate::Died(died), "answering".into()));
    }
    bail!("the stream ended without an end")
}

fn apply(copy: &Path, change: &Change) -> Result<()> {
    let mut file = OpenOptions::new().write(true).open(copy)?;
    for (at, bytes) in &change.patches {
        put(&mut file, *at, bytes)?;
    }
    if let Some(length) = change.length {
        file.set_len(length as u64)?;
    }
    Ok(())
}

fn restore(copy: &Path, change: &Change, sound: &[u8]) -> Result<()> {
    let mut file = OpenOptions::new().write(true).open(copy)?;
    for (at, bytes) in &change.patches {
        put(&mut file, *at, &sound[*at..at + bytes.len()])?;
    }
    if let Some(length) = change.length {
        put(&mut file, length, &sound[length..])?;
    }
    Ok(())
}

fn put(file: &mut File, at: usize, bytes: &[u8]) -> Result<()> {
    file.seek(SeekFrom::Start(at as u64))?;
    Ok(file.write_all(bytes)?)
}
