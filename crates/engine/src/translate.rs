//! Between the words of `conversation` and those of the protocol.

use tandem_conversation as ours;
use tandem_protocol as wire;

use crate::EngineError;

/// The request for what follows `so_far`, of which `tokens` tokens were generated already.
pub(crate) fn request(
    job: u32,
    prompt: &ours::Prompt,
    so_far: &str,
    tokens: u32,
    saving: bool,
) -> wire::Generate {
    let ours::Sampling {
        temperature,
        top_p,
        top_k,
        min_p,
        repeat_penalty,
        seed,
    } = prompt.sampling;
    wire::Generate {
        job,
        conversation: prompt
            .conversation
            .map(|conversation| conversation.0.as_u128()),
        messages: messages(&prompt.messages),
        so_far: so_far.to_owned(),
        sampling: wire::Sampling {
            temperature,
            top_p,
            top_k,
            min_p,
            repeat_penalty,
            seed,
        },
        // One more token than none: 0 would be without a bound.
        max_tokens: prompt
            .max_tokens
            .map_or(0, |most| most.saturating_sub(tokens).max(1)),
        constraint: prompt
            .constraint
            .as_ref()
            .map(|constraint| match constraint {
                ours::Constraint::JsonSchema(schema) => {
                    wire::Constraint::JsonSchema(schema.clone())
                }
                ours::Constraint::Grammar(rules) => wire::Constraint::Grammar(rules.clone()),
            }),
        adapter: prompt.adapter,
        drafts: match prompt.drafts {
            ours::Drafts::Lookup => wire::Drafts::Lookup,
            ours::Drafts::Drafter => wire::Drafts::Drafter,
            ours::Drafts::None => wire::Drafts::None,
        },
        saving,
    }
}

pub(crate) fn messages(messages: &[ours::PromptMessage]) -> Vec<wire::Message> {
    let each = messages.iter().map(|message| wire::Message {
        role: match message.role {
            ours::Role::System => wire::Role::System,
            ours::Role::User => wire::Role::User,
            ours::Role::Assistant => wire::Role::Assistant,
        },
        text: message.text.clone(),
    });
    each.collect()
}

pub(crate) fn finish(reason: wire::FinishReason) -> ours::Finish {
    match reason {
        // A cancelled job has no listener: what it ends with isn't seen.
        wire::FinishReason::End | wire::FinishReason::Cancelled => ours::Finish::End,
        wire::FinishReason::Length => ours::Finish::Length,
        wire::FinishReason::ContextFull => ours::Finish::ContextFull,
    }
}

pub(crate) fn generated(spent: wire::Spent) -> ours::Generated {
    ours::Generated {
        prompt_tokens: spent.prompt_tokens,
        reused_tokens: spent.reused_tokens,
        tokens: spent.tokens,
        drafted_tokens: spent.drafted,
        accepted_tokens: spent.accepted,
        prompt_ms: spent.prompt_us / 1000,
        generate_ms: spent.generate_us / 1000,
    }
}

pub(crate) fn failure(problem: wire::Problem) -> ours::GenerateFailure {
    match problem {
        wire::Problem::NoModel => EngineError::NoModel.into(),
        wire::Problem::PromptTooLong {
            prompt_tokens,
            context,
        } => ours::GenerateFailure::PromptTooLong {
            prompt_tokens,
            context,
        },
        wire::Problem::Constraint(words) => {
            ours::GenerateFailure::Other(format!("the form of the answer can't be read: {words}"))
        }
        wire::Problem::NoAdapter => ours::GenerateFailure::Other("there is no such adapter".into()),
        wire::Problem::OutOfMemory => EngineError::OutOfMemory.into(),
        wire::Problem::Compute(words) => ours::GenerateFailure::Other(words),
    }
}

impl From<EngineError> for ours::GenerateFailure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Died(death) => Self::Died(death.to_string()),
            EngineError::Hung => Self::Hung,
            EngineError::NoModel | EngineError::NotLoaded { .. } | EngineError::Broken => {
                Self::NoModel(error.to_string())
            }
            EngineError::Start(_)
            | EngineError::Version(_)
            | EngineError::OutOfMemory
            | EngineError::Refused(_) => Self::Other(error.to_string()),
        }
    }
}
