//! Requests from the host, read by a thread of their own so that a cancel is heard while the engine computes.

use std::{
    fs::File,
    io::BufReader,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
};

use tandem_protocol::{FrameError, Request, read};

use crate::guard;

/// Cancelled jobs: every job up to this number. The host numbers its jobs upwards from 1.
#[derive(Clone, Default)]
pub(crate) struct Cancelled(Arc<AtomicU32>);

impl Cancelled {
    pub(crate) fn contains(&self, job: u32) -> bool {
        job <= self.0.load(Ordering::Relaxed)
    }
}

/// Starts to read. When the input ends, the process ends, whatever it computes.
pub(crate) fn open(input: BufReader<File>) -> (Receiver<Request>, Cancelled) {
    let (requests, inbox) = mpsc::channel();
    let cancelled = Cancelled::default();
    let marks = cancelled.clone();
    thread::spawn(move || {
        let mut input = input;
        loop {
            match read(&mut input) {
                Ok(Request::Cancel { job }) => {
                    marks.0.fetch_max(job, Ordering::Relaxed);
                }
                Ok(request) => {
                    if requests.send(request).is_err() {
                        guard::exit();
                    }
                }
                Err(FrameError::Closed) => guard::exit(),
                Err(error) => {
                    crate::fault::report("a request can't be read", &error);
                    guard::exit();
                }
            }
        }
    });
    (inbox, cancelled)
}
