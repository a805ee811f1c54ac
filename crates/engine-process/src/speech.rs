//! Tokens on their way to the host: joined where they come faster than anyone looks, since every frame wakes a chain of
//! threads on cores that are busy computing.

use std::time::{Duration, Instant};

use tandem_protocol::{Event, FrameError, Token};

use crate::outbox::Outbox;

/// A frame of a screen.
const FRAME: Duration = Duration::from_millis(16);

/// What a job says.
pub(crate) struct Speech<'a> {
    outbox: &'a Outbox,
    job: u32,
    waiting: Vec<Token>,
    sent: Option<Instant>,
}

impl<'a> Speech<'a> {
    pub(crate) fn new(outbox: &'a Outbox, job: u32) -> Self {
        Self {
            outbox,
            job,
            waiting: vec![],
            sent: None,
        }
    }

    /// The next token. It waits for [`Self::pause`].
    pub(crate) fn say(&mut self, token: Token) {
        self.waiting.push(token);
    }

    /// Nothing more comes for about `time`: what would wait longer than a frame goes out now.
    pub(crate) fn pause(&mut self, time: Duration) -> Result<(), FrameError> {
        match self.sent {
            Some(sent) if sent.elapsed() + time < FRAME => Ok(()),
            _ => self.flush(),
        }
    }

    /// Everything goes out.
    pub(crate) fn flush(&mut self) -> Result<(), FrameError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.sent = Some(Instant::now());
        let tokens = std::mem::take(&mut self.waiting);
        self.outbox.send(&Event::Tokens {
            job: self.job,
            tokens,
        })
    }
}
