//! An answer from its first token to its last, over the deaths of the engines that write it.

use std::time::Instant;

use tandem_conversation::{Finish, GenerateEvent, GenerateFailure, Generated, Prompt, Token};
use tandem_protocol::{Event, Problem, Request};
use tokio::sync::mpsc::UnboundedSender;

use crate::{Death, EngineError, Status, actor::Actor, translate};

/// What an answer has come to.
struct Progress {
    /// Its text, the part that was given included.
    text: String,
    tokens: u32,
    /// When the first engine had read the prompt.
    started: Option<Instant>,
    resumed: bool,
}

impl Progress {
    /// What was spent in all. Engines that died told nothing: what they did is counted and timed here.
    fn spent(&self, last: Generated) -> Generated {
        let mut all = Generated {
            tokens: self.tokens,
            ..last
        };
        if let (true, Some(started)) = (self.resumed, self.started) {
            all.generate_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        }
        all
    }
}

impl Actor {
    pub(crate) async fn generate(
        &mut self,
        prompt: Prompt,
        events: &UnboundedSender<GenerateEvent>,
    ) {
        let mut progress = Progress {
            text: prompt.so_far.clone(),
            tokens: 0,
            started: None,
            resumed: false,
        };
        loop {
            let Err(error) = self.stream(&prompt, &mut progress, events).await else {
                return;
            };
            let resumed = self.recover(&error, &progress).await;
            // Whoever waits is told; whoever dropped the stream is gone.
            if !resumed || events.is_closed() {
                let _ = events.send(GenerateEvent::Failed(error.into()));
                return;
            }
            // What hasn't begun has nothing to go on from: nobody saw that it broke off.
            if progress.started.is_some() {
                progress.resumed = true;
                let _ = events.send(GenerateEvent::Resumed(error.to_string()));
            }
        }
    }

    /// After an engine's end: whether the answer can go on, with less if that may help.
    async fn recover(&mut self, error: &EngineError, progress: &Progress) -> bool {
        let shortage = match error {
            EngineError::Died(Death::IllegalInstruction) => {
                // What a processor says of itself and what its system lets it do are not always the same.
                self.frugality.refused();
                false
            }
            EngineError::Died(Death::OutOfMemory | Death::DeviceLost)
            | EngineError::OutOfMemory => true,
            // A system that is short of memory kills without a word; one kill may be anybody's.
            EngineError::Died(Death::Killed) if self.breaker.is_shaken() => true,
            // On a GPU most deaths are its driver's.
            EngineError::Died(_) => self
                .loaded
                .as_ref()
                .is_some_and(|ready| ready.gpu_layers > 0),
            EngineError::Hung => false,
            _ => return false,
        };
        if shortage && !self.take_less() && matches!(error, EngineError::OutOfMemory) {
            return false;
        }
        self.forget(Status::Asleep);
        self.breaker.died();
        if self.breaker.is_open() {
            return false;
        }
        tracing::warn!(%error, tokens = progress.tokens, frugality = ?self.frugality, "the answer goes on");
        tokio::time::sleep(self.breaker.wait()).await;
        true
    }

    /// Loads the model and brings what was kept of the conversation. `false` when nobody waits any more.
    async fn prepare(
        &mut self,
        prompt: &Prompt,
        events: &UnboundedSender<GenerateEvent>,
    ) -> Result<bool, EngineError> {
        tokio::select! {
            biased;
            () = events.closed() => {
                // Cancelled while the model was loading: that load goes on, but this question is over. What it
                // had begun is cut off with its process, for half a load can't be heard out here.
                if self.loaded.is_none() {
                    self.forget(Status::Asleep);
                }
                return Ok(false);
            }
            ready = self.ready() => { ready?; }
        }
        if let Some(conversation) = prompt.conversation {
            self.bring(conversation).await?;
        }
        Ok(true)
    }

    async fn stream(
        &mut self,
        prompt: &Prompt,
        progress: &mut Progress,
        events: &UnboundedSender<GenerateEvent>,
    ) -> Result<(), EngineError> {
        if !self.prepare(prompt, events).await? {
            return Ok(());
        }
        let job = self.next_job();
        let saving = self.power.is_spared();
        let request = translate::request(job, prompt, &progress.text, progress.tokens, saving);
        self.running()?
            .deliver(vec![Request::Generate(request)])
            .await?;
        let mut cancelled = false;
        let mut reading = true;
        let mut heard = Instant::now();
        loop {
            let patience = if reading {
                self.patience.for_batch()
            } else {
                self.patience.for_token()
            };
            let event = tokio::select! {
                biased;
                () = events.closed(), if !cancelled => {
                    cancelled = true;
                    // One that died meanwhile is told by `event`, not started anew to be told to stop.
                    if let Some(process) = &mut self.process {
                        process.send(&Request::Cancel { job });
                    }
                    continue;
                }
                event = self.event(patience) => event?,
            };
            let took = heard.elapsed();
            heard = Instant::now();
            match event {
                Event::Reading { job: of } if of == job => self.patience.batch(took),
                Event::Started {
                    job: of,
                    prompt_tokens,
                } if of == job => {
                    reading = false;
                    if progress.started.is_none() {
                        progress.started = Some(heard);
                        // As above: a dropped stream is noticed by `closed`.
                        let _ = events.send(GenerateEvent::Started { prompt_tokens });
                    }
                }
                Event::Tokens { job: of, tokens } if of == job => {
                    self.patience.token(took);
                    for token in tokens {
                        progress.text.push_str(&token.text);
                        progress.tokens += 1;
                        let _ = events.send(GenerateEvent::Token(Token {
                            text: token.text,
                            logprob: token.logprob,
                            entropy: token.entropy,
                            margin: token.margin,
                        }));
                    }
                }
                Event::Finished {
                    job: of,
                    reason,
                    spent,
                } if of == job => {
                    self.breaker.reset();
                    self.frugality.answered();
                    let all = progress.spent(translate::generated(spent));
                    if let Some(conversation) = prompt.conversation {
                        self.keeping.answered(conversation, &all, spent.prompt_us);
                    }
                    let _ = events.send(GenerateEvent::Finished(translate::finish(reason), all));
                    return Ok(());
                }
                Event::Failed {
                    job: of,
                    problem: Problem::OutOfMemory,
                } if of == job => {
                    return Err(EngineError::OutOfMemory);
                }
                Event::Failed { job: of, problem } if of == job => {
                    let failure = translate::failure(problem);
                    let _ = events.send(match failure {
                        // An engine with less context can't hold what an earlier one wrote.
                        GenerateFailure::PromptTooLong { .. } if progress.tokens > 0 => {
                            GenerateEvent::Finished(
                                Finish::ContextFull,
                                progress.spent(Generated::default()),
                            )
                        }
                        failure => GenerateEvent::Failed(failure),
                    });
                    return Ok(());
                }
                _ => {}
            }
        }
    }
}
