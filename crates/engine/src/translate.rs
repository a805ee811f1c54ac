//! Between the words of `conversation` and those of the protocol.

use tandem_conversation as ours;
use tandem_protocol as wire;

use crate::EngineError;

pub(crate) fn request(job: u32, prompt: &ours::Prompt) -> wire::Generate {
    let ours::Sampling {
        temperature,
        top_p,
        top_k,
        min_p,
        repeat_penalty,
        seed,
    } = prompt.sampling;
    let messages = prompt.messages.iter().map(|message| wire::Message {
        role: match message.role {
            ours::Role::System => wire::Role::System,
            ours::Role::User => wire::Role::User,
            ours::Role::Assistant => wire::Role::Assistant,
        },
        text: message.text.clone(),
    });
    wire::Generate {
        job,
        messages: messages.collect(),
        sampling: wire::Sampling {
            temperature,
            top_p,
            top_k,
            min_p,
            repeat_penalty,
            seed,
        },
        max_tokens: prompt.max_tokens.unwrap_or(0),
    }
}

/// The event for the stream, if it is one of `job`; `true` with the last.
pub(crate) fn event(event: wire::Event, job: u32) -> Option<(ours::GenerateEvent, bool)> {
    Some(match event {
        wire::Event::Started {
            job: of,
            prompt_tokens,
        } if of == job => (ours::GenerateEvent::Started { prompt_tokens }, false),
        wire::Event::Token {
            job: of,
            text,
            logprob,
            entropy,
            margin,
        } if of == job => (
            ours::GenerateEvent::Token(ours::Token {
                text,
                logprob,
                entropy,
                margin,
            }),
            false,
        ),
        wire::Event::Finished {
            job: of,
            reason,
            spent,
        } if of == job => (
            ours::GenerateEvent::Finished(finish(reason), generated(spent)),
            true,
        ),
        wire::Event::Failed { job: of, problem } if of == job => {
            (ours::GenerateEvent::Failed(failure(problem)), true)
        }
        _ => return None,
    })
}

fn finish(reason: wire::FinishReason) -> ours::Finish {
    match reason {
        // A cancelled job has no listener: what it ends with isn't seen.
        wire::FinishReason::End | wire::FinishReason::Cancelled => ours::Finish::End,
        wire::FinishReason::Length => ours::Finish::Length,
        wire::FinishReason::ContextFull => ours::Finish::ContextFull,
    }
}

fn generated(spent: wire::Spent) -> ours::Generated {
    ours::Generated {
        prompt_tokens: spent.prompt_tokens,
        reused_tokens: spent.reused_tokens,
        tokens: spent.tokens,
        prompt_ms: spent.prompt_us / 1000,
        generate_ms: spent.generate_us / 1000,
    }
}

fn failure(problem: wire::Problem) -> ours::GenerateFailure {
    match problem {
        wire::Problem::NoModel => EngineError::NoModel.into(),
        wire::Problem::PromptTooLong {
            prompt_tokens,
            context,
        } => ours::GenerateFailure::PromptTooLong {
            prompt_tokens,
            context,
        },
        wire::Problem::Compute(words) => ours::GenerateFailure::Other(words),
    }
}

impl From<EngineError> for ours::GenerateFailure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Died(death) => Self::Died(death.to_string()),
            EngineError::Hung => Self::Hung,
            EngineError::NoModel | EngineError::NotLoaded { .. } => {
                Self::NoModel(error.to_string())
            }
            EngineError::Start(_) | EngineError::Version(_) => Self::Other(error.to_string()),
        }
    }
}
