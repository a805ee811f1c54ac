//! Generating: the prompt is read as far as it isn't in memory yet, then tokens follow, one at a time or as many as a
//! draft foresaw.

use std::time::Instant;

use llama_cpp_2::token::LlamaToken;
use tandem_protocol::{Drafts, Event, FinishReason, FrameError, Generate, Problem, Spent, Token};

use crate::{
    context::{ComputeError, Wanted},
    drafting::Drafting,
    lookup::Lookup,
    memory::Owner,
    model::BATCH,
    outbox::Outbox,
    prompt,
    sampler::Sampler,
    score::problem,
    session::Session,
    speech::Speech,
    stopwatch::{Stopwatch, Took},
    utf8::Decoder,
};

/// How a job ended, if not by the host's going away.
enum End {
    Finished(FinishReason),
    Failed(Problem),
}

/// Where drafts come from.
enum Source {
    Nowhere,
    Text(Lookup),
    Drafter,
}

impl From<Problem> for End {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem)
    }
}

impl Session<'_> {
    /// Carries a job out to its end.
    pub(crate) fn generate(&mut self, job: &Generate, outbox: &Outbox) -> Result<(), FrameError> {
        let mut spent = Spent::default();
        let end = self.answer(job, outbox, &mut spent)?;
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
        outbox: &Outbox,
        spent: &mut Spent,
    ) -> Result<End, FrameError> {
        let began = Instant::now();
        self.stop.begin(job.job);
        self.pace.save(job.saving);
        let opened = self.opened;
        let mut tokens = prompt::tokens(
            &opened.model,
            &opened.template,
            &job.messages,
            job.conversation,
            &self.answers,
        );
        let so_far = prompt::content(&opened.model, &job.so_far);
        tokens.extend_from_slice(&so_far);
        let context = self.context.size();
        spent.prompt_tokens = number(tokens.len());
        if spent.prompt_tokens >= context {
            return Ok(End::Failed(Problem::PromptTooLong {
                prompt_tokens: spent.prompt_tokens,
                context,
            }));
        }
        let mut sampler = match Sampler::new(&opened.model, &job.sampling, job.constraint.as_ref())
        {
            Ok(sampler) => sampler,
            Err(words) => return Ok(End::Failed(Problem::Constraint(words))),
        };
        for &token in &so_far {
            sampler.take(token);
        }
        if !self.wear(job.adapter) {
            return Ok(End::Failed(Problem::NoAdapter));
        }
        let owner = Owner {
            conversation: job.conversation,
            adapter: job.adapter,
        };
        // A sign of life for each batch. A host that is gone wants no more.
        let read = self.read(&tokens, owner, |left| {
            left == 0 || outbox.send(&Event::Reading { job: job.job }).is_ok()
        });
        match read {
            Ok(reused) => spent.reused_tokens = number(reused),
            Err(_) if self.stop.is_asked() => return Ok(End::Finished(FinishReason::Cancelled)),
            Err(problem) => return Ok(End::Failed(problem)),
        }
        spent.prompt_us = micros(began);
        outbox.send(&Event::Started {
            job: job.job,
            prompt_tokens: spent.prompt_tokens,
        })?;

        let began = Instant::now();
        let end = self.write(job, sampler, so_far, outbox, spent);
        spent.generate_us = micros(began);
        end
    }

    /// Puts the job's adapter on. Tells whether there is one of that number.
    fn wear(&mut self, wanted: Option<(u32, f32)>) -> bool {
        let adapter = match wanted {
            None => None,
            Some((place, strength)) => {
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                match self.opened.adapters.get(place) {
                    Some(adapter) => Some((adapter, strength)),
                    None => return false,
                }
            }
        };
        self.context.set_adapter(adapter)
    }

    /// Reads a prompt; what it has in common with the memory isn't computed again. `more` hears how many tokens are left
    /// after each batch, and ends the reading with `false`. Returns how many tokens were in memory.
    pub(crate) fn read(
        &mut self,
        tokens: &[LlamaToken],
        owner: Owner,
        more: impl Fn(usize) -> bool,
    ) -> Result<usize, Problem> {
        let kept = self.memory.resume(&mut self.context, owner, tokens);
        let mut left = &tokens[kept..];
        while !left.is_empty() {
            let (chunk, rest) = left.split_at(left.len().min(BATCH as usize));
            let wanted = if rest.is_empty() {
                Wanted::Last
            } else {
                Wanted::None
            };
            self.compute(chunk, wanted).map_err(problem)?;
            left = rest;
            if !more(left.len()) || self.stop.is_asked() {
                return Err(problem(ComputeError::Stopped));
            }
        }
        Ok(kept)
    }

    /// Computes tokens after those in memory. A single one that takes far too long is broken off and computed by fewer
    /// threads.
    pub(crate) fn compute(
        &mut self,
        tokens: &[LlamaToken],
        wanted: Wanted,
    ) -> Result<(), ComputeError> {
        let may_break_off = tokens.len() == 1 && !self.is_running_state();
        let patience = may_break_off.then(|| self.pace.patience()).flatten();
        self.stop.be_patient(patience);
        let result = self.compute_whole(tokens, wanted);
        let late = self.stop.is_late();
        self.stop.be_patient(None);
        match result {
            Err(ComputeError::Stopped) if late && !self.stop.is_asked() => {
                self.pace.give_way(Instant::now());
                self.compute_whole(tokens, wanted)
            }
            result => result,
        }
    }

    /// Whether the model's state runs on and can't be taken back.
    fn is_running_state(&self) -> bool {
        let model = &self.opened.model;
        model.is_recurrent() || model.is_hybrid()
    }

    fn compute_whole(&mut self, tokens: &[LlamaToken], wanted: Wanted) -> Result<(), ComputeError> {
        self.context.set_threads(self.pace.threads());
        match self.context.compute(tokens, wanted) {
            Ok(()) => {
                self.memory.add(tokens);
                Ok(())
            }
            Err(error) => {
                // A running state may be half of what it should be.
                if self.is_running_state() {
                    self.memory.forget(&mut self.context);
                } else {
                    self.memory.broke_off(&mut self.context, tokens);
                }
                Err(error)
            }
        }
    }

    fn write(
        &mut self,
        job: &Generate,
        mut sampler: Sampler,
        mut said: Vec<LlamaToken>,
        outbox: &Outbox,
        spent: &mut Spent,
    ) -> Result<End, FrameError> {
        let vocabulary = self.opened.model.vocab();
        let mut source = self.source(job);
        let mut drafting = Drafting::new();
        let mut speech = Speech::new(outbox, job.job);
        let (mut decoder, mut piece, mut text) =
            (Decoder::default(), Vec::new(), job.so_far.clone());
        // A draft that was computed behind the last token, and how much of it has stood the check.
        let mut draft: Vec<LlamaToken> = vec![];
        let mut stood = 0;
        let mut took = Took::default();
        let end = loop {
            if self.stop.is_asked() {
                break End::Finished(FinishReason::Cancelled);
            }
            let logits = if draft.is_empty() {
                self.context.last_logits()
            } else {
                self.context.logits(stood)
            };
            let Some(logits) = logits else {
                break End::Failed(Problem::Compute("llama.cpp gave no logits".to_owned()));
            };
            let (token, evidence) = sampler.pick(logits);
            if vocabulary.is_eog(token) {
                break End::Finished(FinishReason::End);
            }
            piece.clear();
            vocabulary.token_to_piece_into(token, &mut piece, false, None);
            let whole = decoder.push(&piece);
            text.push_str(&whole);
            said.push(token);
            spent.tokens += 1;
            speech.say(Token {
                text: whole,
                logprob: evidence.logprob,
                entropy: evidence.entropy,
                margin: evidence.margin,
            });
            if let Source::Text(lookup) = &mut source {
                lookup.push(token);
            }
            if job.max_tokens > 0 && spent.tokens >= job.max_tokens {
                break End::Finished(FinishReason::Length);
            }
            if draft.get(stood) == Some(&token) {
                stood += 1;
                spent.accepted += 1;
                continue;
            }
            self.settle(&draft, stood);
            if took.time.is_zero() {
                // The first token came with the prompt.
            } else if draft.is_empty() {
                drafting.plain(took.time);
                self.pace.took(took, Instant::now());
            } else {
                drafting.checked(draft.len(), stood, took.time);
            }
            let room =
                (self.context.size() as usize).saturating_sub(self.memory.tokens().len() + 1);
            if room == 0 {
                draft.clear();
                stood = 0;
                break End::Finished(FinishReason::ContextFull);
            }
            speech.pause(took.time)?;
            let watch = Stopwatch::start();
            draft = self.draft(&mut source, token, drafting.length().min(room - 1));
            stood = 0;
            spent.drafted += number(draft.len());
            let computed = if draft.is_empty() {
                self.compute(&[token], Wanted::Last)
            } else {
                let together: Vec<_> = std::iter::once(token)
                    .chain(draft.iter().copied())
                    .collect();
                self.compute(&together, Wanted::All)
            };
            took = watch.took();
            match computed {
                Ok(()) => {}
                Err(ComputeError::Stopped) => {
                    draft.clear();
                    break End::Finished(FinishReason::Cancelled);
                }
                Err(error) => {
                    draft.clear();
                    break End::Failed(problem(error));
                }
            }
        };
        self.settle(&draft, stood);
        if let Some(conversation) = job.conversation {
            self.answers.add(conversation, &text, said);
        }
        speech.flush()?;
        Ok(end)
    }

    /// Forgets the part of a draft that didn't stand the check.
    fn settle(&mut self, draft: &[LlamaToken], stood: usize) {
        let kept = self.memory.tokens().len() - (draft.len() - stood);
        self.memory.keep(&mut self.context, kept);
    }

    fn source(&self, job: &Generate) -> Source {
        // A model with a running state can't take a token back.
        if self.is_running_state() {
            return Source::Nowhere;
        }
        match job.drafts {
            Drafts::None => Source::Nowhere,
            Drafts::Drafter if self.drafter.is_some() => Source::Drafter,
            Drafts::Drafter | Drafts::Lookup => Source::Text(Lookup::new(self.memory.tokens())),
        }
    }

    fn draft(&mut self, source: &mut Source, token: LlamaToken, count: usize) -> Vec<LlamaToken> {
        if count == 0 {
            return vec![];
        }
        match (source, &mut self.drafter) {
            (Source::Text(lookup), _) => lookup.draft(count).to_vec(),
            (Source::Drafter, Some(drafter)) => {
                let text: Vec<_> = self
                    .memory
                    .tokens()
                    .iter()
                    .copied()
                    .chain([token])
                    .collect();
                drafter.draft(&text, count)
            }
            _ => vec![],
        }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
