//! Reading a given answer: how likely the model finds each of its tokens.

use llama_cpp_2::token::LlamaToken;
use tandem_protocol::{Event, Problem, Score, ScoredToken};

use crate::{
    answers::Answers,
    context::{ComputeError, Wanted},
    distribution::Distribution,
    memory::Owner,
    outbox::Outbox,
    prompt,
    session::Session,
};

/// Tokens whose logits are kept at once: a row is as long as the vocabulary.
const ROWS: usize = 32;

/// llama.cpp's code for memory that isn't there.
const NO_MEMORY: i32 = -2;

/// The answer's tokens, scored. Each batch is a sign of life.
pub(crate) fn of(
    session: &mut Session<'_>,
    job: &Score,
    outbox: &Outbox,
) -> Result<Vec<ScoredToken>, Problem> {
    let opened = session.opened;
    session.stop.begin(job.job);
    let asked = prompt::tokens(
        &opened.model,
        &opened.template,
        &job.messages,
        None,
        &Answers::default(),
    );
    let answer = prompt::content(&opened.model, &job.answer);
    let context = session.context.size();
    let tokens = u32::try_from(asked.len() + answer.len()).unwrap_or(u32::MAX);
    if tokens > context {
        return Err(Problem::PromptTooLong {
            prompt_tokens: tokens,
            context,
        });
    }
    let alive = || outbox.send(&Event::Reading { job: job.job }).is_ok();
    session.read(&asked, Owner::default(), |_| alive())?;
    let mut reading = Reading {
        distribution: Distribution::default(),
        bytes: 0,
        piece: vec![],
    };
    let mut scored = Vec::with_capacity(answer.len());
    // The row before a token says how likely it was.
    if let (Some(&first), Some(logits)) = (answer.first(), session.context.last_logits()) {
        scored.push(reading.score(session, first, logits));
    }
    for from in (0..answer.len()).step_by(ROWS) {
        let chunk = &answer[from..answer.len().min(from + ROWS)];
        session.compute(chunk, Wanted::All).map_err(problem)?;
        if !alive() {
            break;
        }
        for place in 0..chunk.len() {
            if let (Some(&next), Some(logits)) =
                (answer.get(from + place + 1), session.context.logits(place))
            {
                scored.push(reading.score(session, next, logits));
            }
        }
    }
    Ok(scored)
}

pub(crate) fn problem(error: ComputeError) -> Problem {
    match error {
        ComputeError::Failed(NO_MEMORY) => Problem::OutOfMemory,
        error => Problem::Compute(error.to_string()),
    }
}

struct Reading {
    distribution: Distribution,
    bytes: usize,
    piece: Vec<u8>,
}

impl Reading {
    fn score(&mut self, session: &Session<'_>, token: LlamaToken, logits: &[f32]) -> ScoredToken {
        self.distribution.read(logits, 2);
        self.piece.clear();
        session
            .opened
            .model
            .vocab()
            .token_to_piece_into(token, &mut self.piece, false, None);
        self.bytes += self.piece.len();
        let logit = usize::try_from(token.0)
            .ok()
            .and_then(|token| logits.get(token));
        let evidence = self
            .distribution
            .evidence(logit.copied().unwrap_or(f32::NEG_INFINITY));
        ScoredToken {
            id: token.0,
            likeliest: i32::try_from(self.distribution.first()).unwrap_or(-1),
            end: u32::try_from(self.bytes).unwrap_or(u32::MAX),
            logprob: evidence.logprob,
            entropy: evidence.entropy,
            margin: evidence.margin,
        }
    }
}
