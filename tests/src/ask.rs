//! Questions put to the engine's client directly, and what came of them.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use futures_util::StreamExt;
use rustix::process::{Pid, Signal, kill_process};
use tandem_conversation::{
    ConversationId, Finish, Generate, GenerateEvent, Generated, Prompt, PromptMessage, Role,
    Sampling, Token,
};
use tandem_engine_client::{Engine, Model, Shelf};

use crate::programs;

/// The embedded model's file.
pub const SMOLLM: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
/// A larger one, which `cargo xtask fetch qwen2.5-coder-0.5b` fetches.
pub const QWEN: &str = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf";
/// A still larger one of the same vocabulary, which `cargo xtask fetch qwen2.5-coder-1.5b` fetches.
pub const QWEN_LARGE: &str = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf";

/// A model of models/.
pub fn model(file: &str) -> Result<Model> {
    let path = programs::root().join("models").join(file);
    ensure!(
        path.is_file(),
        "models/{file} is missing: fetch it with `cargo xtask fetch`"
    );
    Ok(Model {
        path,
        context: 4096,
        ..Model::default()
    })
}

/// The real engine with a model of models/.
pub fn engine(file: &str) -> Result<Engine> {
    let engine = Engine::new(programs::find("tandem-engine")?);
    engine.choose(&model(file)?);
    Ok(engine)
}

/// The real engine, started by a shell that does `first` before: sets a variable, sets a limit.
pub fn engine_after(first: &str, folder: &Path) -> Result<Engine> {
    let script = folder.join("engine");
    let engine = programs::find("tandem-engine")?;
    fs::write(
        &script,
        format!("#!/bin/sh\n{first}\nexec '{}'\n", engine.display()),
    )?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    Ok(Engine::new(script))
}

/// What came of a question.
#[derive(Debug)]
pub struct Answer {
    /// Its text.
    pub text: String,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// Why it ended.
    pub finish: Finish,
    /// What was spent.
    pub spent: Generated,
    /// Why it broke off and went on, each time.
    pub resumed: Vec<String>,
    /// From the question to the first token.
    pub first: Duration,
    /// From the first token to the last.
    pub rest: Duration,
}

impl Answer {
    /// Tokens a second after the first one.
    pub fn speed(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "tokens of one answer")]
        let tokens = self.tokens.len().saturating_sub(1) as f64;
        tokens / self.rest.as_secs_f64().max(1e-9)
    }
}

/// Asks, and waits for the answer's end.
pub async fn answer(engine: &Engine, prompt: Prompt) -> Result<Answer> {
    answer_with(engine, prompt, |_| {}).await
}

/// The same, showing each token as it comes.
pub async fn answer_with(
    engine: &Engine,
    prompt: Prompt,
    mut seen: impl FnMut(usize),
) -> Result<Answer> {
    let began = Instant::now();
    let mut events = engine.generate(prompt);
    let (mut tokens, mut text, mut resumed) = (vec![], String::new(), vec![]);
    let (mut first, mut last) = (None, began);
    while let Some(event) = events.next().await {
        match event {
            GenerateEvent::Started { .. } => {}
            GenerateEvent::Token(token) => {
                last = Instant::now();
                first.get_or_insert(last);
                text.push_str(&token.text);
                tokens.push(token);
                seen(tokens.len());
            }
            GenerateEvent::Resumed(why) => resumed.push(why),
            GenerateEvent::Finished(finish, spent) => {
                let first = first.unwrap_or(last);
                return Ok(Answer {
                    text,
                    tokens,
                    finish,
                    spent,
                    resumed,
                    first: first - began,
                    rest: last - first,
                });
            }
            GenerateEvent::Failed(failure) => bail!("{failure}; so far: {text}"),
        }
    }
    bail!("the answer ended without a word; so far: {text}")
}

/// A question, answered with the likeliest token always.
pub fn question(text: &str) -> Prompt {
    let message = |role, text: &str| PromptMessage {
        role,
        text: text.to_owned(),
    };
    Prompt::new(
        vec![
            message(Role::System, "You are a helpful assistant."),
            message(Role::User, text),
        ],
        Sampling::greedy(),
    )
}

/// The question that follows an answer.
pub fn follow_up(before: &Prompt, answer: &Answer, text: &str) -> Prompt {
    let mut next = before.clone();
    next.messages.push(PromptMessage {
        role: Role::Assistant,
        text: answer.text.clone(),
    });
    next.messages.push(PromptMessage {
        role: Role::User,
        text: text.to_owned(),
    });
    next
}

/// The embedded model's file with another context length in its header.
pub fn with_context(folder: &Path, tokens: u32) -> Result<PathBuf> {
    let mut bytes = fs::read(model(SMOLLM)?.path)?;
    let key = b"llama.context_length";
    let Some(at) = memchr::memmem::find(&bytes, key) else {
        bail!("the model has no context length")
    };
    // The key, its kind (4 bytes), the number.
    let number = at + key.len() + 4;
    bytes[number..number + 4].copy_from_slice(&tokens.to_le_bytes());
    let path = folder.join("short.gguf");
    fs::write(&path, bytes)?;
    Ok(path)
}

/// Ends a process by a signal. Rust's runtime looks at a first fault, finds no stack that overflowed, and leaves the next
/// one to the system.
pub fn end(process: Pid, signal: Signal) -> rustix::io::Result<()> {
    kill_process(process, signal)?;
    if signal == Signal::SEGV || signal == Signal::BUS {
        std::thread::sleep(Duration::from_millis(5));
        // One that is gone already needs no second one.
        let _ = kill_process(process, signal);
    }
    Ok(())
}

/// A shelf in memory.
#[derive(Default)]
pub struct Memory(Mutex<HashMap<(ConversationId, String), Vec<u8>>>);

impl Memory {
    /// States on it.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Shelf for Memory {
    fn put(&self, conversation: ConversationId, binding: &str, state: &[u8]) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert((conversation, binding.to_owned()), state.to_vec());
    }

    fn get(&self, conversation: ConversationId, binding: &str) -> Option<Vec<u8>> {
        let states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        states.get(&(conversation, binding.to_owned())).cloned()
    }

    fn forget(&self, conversation: ConversationId) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        states.retain(|(of, _), _| *of != conversation);
    }
}
