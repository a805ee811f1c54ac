//! A loaded model at work: its context, what that remembers, and the requests that it serves.

use std::sync::Arc;

use tandem_protocol::{
    Event, FrameError, LoadProblem, Loaded, Message, Problem, Request, StatePart,
};

use crate::{
    answers::Answers,
    backends,
    context::{Context, Settings},
    drafter::Drafter,
    embed, logs,
    memory::Memory,
    model::{BATCH, Opened, problem_in, refused},
    outbox::Outbox,
    pace::Pace,
    prompt,
    saved::{Arriving, Saved},
    score,
    stop::Stop,
};

/// A loaded model with its context.
pub(crate) struct Session<'m> {
    pub(crate) opened: &'m Opened,
    pub(crate) context: Context<'m>,
    pub(crate) memory: Memory,
    pub(crate) answers: Answers,
    pub(crate) drafter: Option<Drafter<'m>>,
    pub(crate) pace: Pace,
    pub(crate) stop: Arc<Stop>,
    arriving: Arriving,
}

impl<'m> Session<'m> {
    /// Makes the context; a refusal is the event to send.
    pub(crate) fn new(opened: &'m Opened, stop: &Arc<Stop>) -> Result<Self, Event> {
        let settings = opened.settings();
        logs::forget();
        let context = Context::new(&opened.model, settings, Arc::clone(stop)).ok_or_else(|| {
            let words =
                logs::last_error().unwrap_or_else(|| "llama.cpp gave no context".to_owned());
            match problem_in(&words) {
                // The file was sound so far: what a context lacks is memory.
                LoadProblem::BadFile => refused(LoadProblem::OutOfMemory, words),
                problem => refused(problem, words),
            }
        })?;
        let drafter = opened
            .drafter
            .as_ref()
            .and_then(|model| Context::new(model, settings, Arc::clone(stop)))
            .map(Drafter::new);
        Ok(Self {
            opened,
            context,
            memory: Memory::default(),
            answers: Answers::default(),
            drafter,
            pace: Pace::new(settings.threads, opened.threads_chosen),
            stop: Arc::clone(stop),
            arriving: Arriving::default(),
        })
    }

    /// What is loaded.
    pub(crate) fn loaded(&self) -> Loaded {
        Loaded {
            chosen: tandem_protocol::Chosen {
                context: self.context.size(),
                ..self.opened.chosen.clone()
            },
            template: self.opened.template.is_own(),
            drafter: self.drafter.is_some(),
            load_ms: u64::try_from(self.opened.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Serves a request; one that ends this session comes back.
    pub(crate) fn serve(
        &mut self,
        request: Request,
        outbox: &Outbox,
    ) -> Result<Option<Request>, FrameError> {
        match request {
            Request::Devices => outbox.send(&Event::Devices(backends::devices()))?,
            Request::Generate(job) => self.generate(&job, outbox)?,
            Request::Count { messages } => outbox.send(&self.count(&messages))?,
            Request::Score(job) => {
                let scored = score::of(self, &job, outbox);
                outbox.send(&told(
                    job.job,
                    scored.map(|tokens| Event::Scored {
                        job: job.job,
                        tokens,
                    }),
                ))?;
            }
            Request::Embed { job, texts } => {
                self.stop.begin(job);
                let vectors = embed::of(self.opened, &texts, &self.stop, || {
                    outbox.send(&Event::Reading { job }).is_ok()
                });
                outbox.send(&told(
                    job,
                    vectors.map(|vectors| Event::Embedded { job, vectors }),
                ))?;
            }
            Request::Save { conversation } => self.save(conversation, outbox)?,
            Request::Restore(part) => {
                if let Some((conversation, saved)) = self.arriving.take(&part) {
                    self.answers.restore(conversation, saved.answers.clone());
                    self.memory.restore(conversation, saved);
                }
            }
            Request::Forget { conversation } => {
                self.answers.forget(conversation);
                if let Some(drafter) = &mut self.drafter {
                    drafter.forget();
                }
                self.memory
                    .forget_conversation(&mut self.context, conversation);
            }
            // Heard by the thread that reads.
            Request::Cancel { .. } => {}
            request @ (Request::Load(_) | Request::Unload) => return Ok(Some(request)),
        }
        Ok(None)
    }

    fn count(&self, messages: &[Message]) -> Event {
        let (messages, frame) = prompt::count(&self.opened.model, &self.opened.template, messages);
        Event::Counted {
            messages,
            frame,
            context: self.context.size(),
        }
    }

    fn save(&self, conversation: u128, outbox: &Outbox) -> Result<(), FrameError> {
        match self.memory.save(&self.context, conversation) {
            Some(saved) => {
                let saved = Saved {
                    answers: self.answers.of(conversation),
                    ..saved
                };
                saved
                    .into_parts(conversation)
                    .try_for_each(|part| outbox.send(&Event::State(part)))
            }
            None => outbox.send(&Event::State(StatePart {
                conversation,
                bytes: vec![],
                last: true,
            })),
        }
    }
}

impl Opened {
    /// What its contexts are made for.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            context: self.chosen.context,
            batch: BATCH,
            threads: self.chosen.threads,
            embeddings: false,
        }
    }
}

fn told(job: u32, result: Result<Event, Problem>) -> Event {
    result.unwrap_or_else(|problem| Event::Failed { job, problem })
}
