//! Generating: the prompt is read as far as it isn't in memory yet, then one token follows the other.

use std::{num::NonZeroU32, time::Instant};

use llama_cpp_2::{
    context::{LlamaContext, params::LlamaContextParams},
    llama_backend::LlamaBackend,
    llama_batch::LlamaBatch,
    token::LlamaToken,
};
use tandem_protocol::{Event, FinishReason, FrameError, Generate, Loaded, Problem, Spent};

use crate::{
    evidence,
    inbox::Cancelled,
    logs,
    model::{BATCH, Opened, problem_in, refused},
    outbox::Outbox,
    prompt, sampler,
    utf8::Decoder,
};

/// A loaded model with its context, and what that context remembers.
pub(crate) struct Session<'a> {
    opened: &'a Opened,
    context: LlamaContext<'a>,
    batch: LlamaBatch<'a>,
    /// The tokens that the context has computed, in order.
    remembered: Vec<LlamaToken>,
    loaded: Loaded,
}

/// How a job ended, if not by the host's going away.
enum End {
    Finished(FinishReason),
    Failed(Problem),
}

impl<'a> Session<'a> {
    /// Makes the context; a refusal is the event to send.
    pub(crate) fn new(backend: &LlamaBackend, opened: &'a Opened) -> Result<Self, Event> {
        let threads = i32::try_from(opened.chosen.threads).unwrap_or(1);
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(opened.chosen.context))
            .with_n_batch(BATCH)
            .with_n_ubatch(BATCH)
            .with_n_threads(threads)
            .with_n_threads_batch(threads);
        logs::forget();
        let context = opened.model.new_context(backend, params).map_err(|error| {
            let words = logs::last_error().unwrap_or_else(|| error.to_string());
            refused(problem_in(&words), words)
        })?;
        let loaded = Loaded {
            chosen: tandem_protocol::Chosen {
                context: context.n_ctx(),
                ..opened.chosen.clone()
            },
            template: opened.template.is_own(),
            load_ms: u64::try_from(opened.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        let batch = LlamaBatch::new(BATCH as usize, 1);
        Ok(Self {
            opened,
            context,
            batch,
            remembered: vec![],
            loaded,
        })
    }

    /// What is loaded.
    pub(crate) fn loaded(&self) -> Loaded {
        self.loaded.clone()
    }

    /// Carries a job out to its end.
    pub(crate) fn generate(
        &mut self,
        job: &Generate,
        cancelled: &Cancelled,
        outbox: &Outbox,
    ) -> Result<(), FrameError> {
        let mut spent = Spent::default();
        let end = self.answer(job, cancelled, outbox, &mut spent)?;
        outbox.send(&match end {
            End::Finished(reason) => Event::Finished {
                job: job.job,
                reason,
                spent,
            },
            End::Failed(problem) => Event::Failed {
                job: job.job,
                problem,
            },
        })
    }

    fn answer(
        &mut self,
        job: &Generate,
        cancelled: &Cancelled,
        outbox: &Outbox,
        spent: &mut Spent,
    ) -> Result<End, FrameError> {
        let began = Instant::now();
        let tokens = prompt::tokens(&self.opened.model, &self.opened.template, &job.messages);
        let context = self.context.n_ctx();
        spent.prompt_tokens = u32::try_from(tokens.len()).unwrap_or(u32::MAX);
        if spent.prompt_tokens >= context {
            return Ok(End::Failed(Problem::PromptTooLong {
                prompt_tokens: spent.prompt_tokens,
                context,
            }));
        }
        match self.read(&tokens, job.job, cancelled, outbox, spent) {
            Ok(true) => {}
            Ok(false) => return Ok(End::Finished(FinishReason::Cancelled)),
            Err(problem) => return Ok(End::Failed(problem)),
        }
        spent.prompt_us = micros(began);
        outbox.send(&Event::Started {
            job: job.job,
            prompt_tokens: spent.prompt_tokens,
        })?;

        let began = Instant::now();
        let end = self.write(job, cancelled, outbox, spent);
        spent.generate_us = micros(began);
        end
    }

    /// Reads a prompt; what it has in common with the memory is kept. Tells whether it came to its end.
    fn read(
        &mut self,
        tokens: &[LlamaToken],
        job: u32,
        cancelled: &Cancelled,
        outbox: &Outbox,
        spent: &mut Spent,
    ) -> Result<bool, Problem> {
        let common = self
            .remembered
            .iter()
            .zip(tokens)
            .take_while(|(a, b)| a == b)
            .count();
        // The last token is always computed: its logits are the answer's first.
        let mut kept = common.min(tokens.len().saturating_sub(1));
        if self
            .context
            .kv_cache_seq_rm(0, u32::try_from(kept).ok(), None)
            .is_err()
        {
            // Some kinds of model can't forget a part.
            self.context.clear_kv_cache();
            kept = 0;
        }
        self.remembered.truncate(kept);
        spent.reused_tokens = u32::try_from(kept).unwrap_or(u32::MAX);
        let mut left = &tokens[kept..];
        while !left.is_empty() {
            if cancelled.contains(job) {
                return Ok(false);
            }
            let (chunk, rest) = left.split_at(left.len().min(BATCH as usize));
            self.compute(chunk, rest.is_empty())?;
            left = rest;
            // A sign of life. A host that is gone wants no more.
            if !left.is_empty() && outbox.send(&Event::Reading { job }).is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn write(
        &mut self,
        job: &Generate,
        cancelled: &Cancelled,
        outbox: &Outbox,
        spent: &mut Spent,
    ) -> Result<End, FrameError> {
        let vocabulary = self.opened.model.vocab();
        let mut sampler = sampler::chain(&job.sampling, vocabulary.n_tokens());
        let mut decoder = Decoder::default();
        let mut piece = Vec::new();
        let reason = loop {
            if cancelled.contains(job.job) {
                break FinishReason::Cancelled;
            }
            let token = sampler.sample(&self.context, -1);
            if vocabulary.is_eog(token) {
                break FinishReason::End;
            }
            let evidence = evidence::of(
                self.context.get_logits_ith(-1),
                usize::try_from(token.0).unwrap_or(usize::MAX),
            );
            piece.clear();
            vocabulary.token_to_piece_into(token, &mut piece, false, None);
            spent.tokens += 1;
            outbox.send(&Event::Token {
                job: job.job,
                text: decoder.push(&piece),
                logprob: evidence.logprob,
                entropy: evidence.entropy,
                margin: evidence.margin,
            })?;
            if job.max_tokens > 0 && spent.tokens >= job.max_tokens {
                break FinishReason::Length;
            }
            if self.remembered.len() + 1 >= self.context.n_ctx() as usize {
                break FinishReason::ContextFull;
            }
            if let Err(problem) = self.compute(&[token], true) {
                return Ok(End::Failed(problem));
            }
        };
        Ok(End::Finished(reason))
    }

    /// Computes `tokens` after those remembered; the last one's logits on request.
    fn compute(&mut self, tokens: &[LlamaToken], logits: bool) -> Result<(), Problem> {
        self.batch.clear();
        for (index, &token) in tokens.iter().enumerate() {
            let position = i32::try_from(self.remembered.len() + index).unwrap_or(i32::MAX);
            let last = index + 1 == tokens.len();
            self.batch
                .add(token, position, &[0], logits && last)
                .map_err(|error| Problem::Compute(error.to_string()))?;
        }
        match self.context.decode(&mut self.batch) {
            Ok(()) => {
                self.remembered.extend_from_slice(tokens);
                Ok(())
            }
            Err(error) => {
                // What the context holds now isn't known: the next prompt is read anew.
                self.context.clear_kv_cache();
                self.remembered.clear();
                Err(Problem::Compute(error.to_string()))
            }
        }
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
