//! How fast the chosen model is on this machine, and how that compares with the last time.

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tandem_conversation::{Drafts, Generate, GenerateEvent, Prompt, PromptMessage, Role, Sampling};

use crate::{
    assistant::Assistant,
    wire::{BenchView, Failure, Speeds},
};

/// Words of the prompt, about one token each, and tokens generated.
const WORDS: usize = 480;
const GENERATED: u32 = 64;
/// The better of so many runs counts: what else the machine does only slows.
const RUNS: usize = 3;

/// A measurement as the vault keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    speeds: Speeds,
    day: u64,
}

/// Measures, and keeps the result for the next time.
pub(crate) async fn run(assistant: &Assistant) -> Result<BenchView, Failure> {
    let ready = assistant.engine.warm().await?;
    let model = assistant
        .state()
        .model
        .map(|model| model.name)
        .unwrap_or_default();
    let mut best = Speeds::default();
    for run in 0..RUNS {
        let speeds = measure(assistant, run).await?;
        best.prompt = best.prompt.max(speeds.prompt);
        best.answer = best.answer.max(speeds.answer);
    }
    let vault = assistant.vault()?;
    let key = format!("bench.{model}.{}", ready.device);
    let before: Option<Kept> = vault
        .setting(&key)
        .await?
        .and_then(|kept| serde_json::from_str(&kept).ok());
    let kept = Kept {
        speeds: best,
        day: today(),
    };
    let value =
        serde_json::to_string(&kept).map_err(|error| Failure::new("bench", error.to_string()))?;
    vault.set_setting(&key, &value).await?;
    Ok(BenchView {
        model,
        device: ready.device,
        threads: ready.threads,
        speeds: best,
        before: before.as_ref().map(|kept| kept.speeds),
        days_ago: before
            .map(|before| u32::try_from(kept.day.saturating_sub(before.day)).unwrap_or(u32::MAX)),
    })
}

async fn measure(assistant: &Assistant, run: usize) -> Result<Speeds, Failure> {
    let text = (0..WORDS).fold(format!("Run {run}."), |text, word| {
        text + if word % 7 == run { " light" } else { " sea" }
    });
    let question = PromptMessage {
        role: Role::User,
        text: text + " Tell a long story.",
    };
    let prompt = Prompt {
        max_tokens: Some(GENERATED),
        drafts: Drafts::None,
        ..Prompt::new(vec![question], Sampling::balanced(1))
    };
    let mut events = assistant.engine.generate(prompt);
    while let Some(event) = events.next().await {
        match event {
            GenerateEvent::Finished(_, spent) => {
                return Ok(Speeds {
                    prompt: rate(spent.prompt_tokens - spent.reused_tokens, spent.prompt_ms),
                    answer: rate(spent.tokens.saturating_sub(1), spent.generate_ms),
                });
            }
            GenerateEvent::Failed(failure) => {
                return Err(Failure::new(
                    "bench",
                    format!("The model could not be measured: {failure}."),
                ));
            }
            _ => {}
        }
    }
    Err(Failure::new("bench", "The model could not be measured."))
}

fn rate(tokens: u32, milliseconds: u64) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let (tokens, milliseconds) = (tokens as f32, milliseconds.max(1) as f32);
    tokens * 1000.0 / milliseconds
}

fn today() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() / 86_400)
}
