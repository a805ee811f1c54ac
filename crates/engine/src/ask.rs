//! Requests with one answer.

use std::time::Duration;

use tandem_conversation::PromptMessage;
use tandem_protocol::{Event, Problem, Request, Score, ScoredToken};

use crate::{Counted, EngineError, actor::Actor, translate};

/// For an answer as a whole.
const PATIENCE: Duration = Duration::from_mins(3);

impl Actor {
    pub(crate) async fn count(
        &mut self,
        messages: &[PromptMessage],
    ) -> Result<Counted, EngineError> {
        self.ready().await?;
        let messages = translate::messages(messages);
        self.running()?.send(&Request::Count { messages });
        loop {
            if let Event::Counted {
                messages,
                frame,
                context,
            } = self.event(PATIENCE).await?
            {
                return Ok(Counted {
                    messages,
                    frame,
                    context,
                });
            }
        }
    }

    pub(crate) async fn score(
        &mut self,
        messages: &[PromptMessage],
        answer: String,
    ) -> Result<Vec<ScoredToken>, EngineError> {
        self.ready().await?;
        let (job, messages) = (self.next_job(), translate::messages(messages));
        self.running()?.send(&Request::Score(Score {
            job,
            messages,
            answer,
        }));
        loop {
            match self.event(PATIENCE).await? {
                Event::Scored { job: of, tokens } if of == job => return Ok(tokens),
                Event::Failed { job: of, problem } if of == job => return Err(refused(problem)),
                _ => {}
            }
        }
    }

    pub(crate) async fn embed(&mut self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, EngineError> {
        self.ready().await?;
        let job = self.next_job();
        self.running()?.send(&Request::Embed { job, texts });
        loop {
            match self.event(PATIENCE).await? {
                Event::Embedded { job: of, vectors } if of == job => return Ok(vectors),
                Event::Failed { job: of, problem } if of == job => return Err(refused(problem)),
                _ => {}
            }
        }
    }

    pub(crate) fn next_job(&mut self) -> u32 {
        self.jobs += 1;
        self.jobs
    }
}

fn refused(problem: Problem) -> EngineError {
    EngineError::Refused(translate::failure(problem).to_string())
}
