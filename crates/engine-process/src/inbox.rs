//! Requests from the host, read by a thread of their own so that a cancel is heard while the engine computes.

use std::{
    fs::File,
    io::BufReader,
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread,
};

use tandem_protocol::{FrameError, Request, read};

use crate::{guard, stop::Stop};

/// Starts to read. When the input ends, the process ends, whatever it computes.
pub(crate) fn open(input: BufReader<File>, stop: &Arc<Stop>) -> Receiver<Request> {
    let (requests, inbox) = mpsc::channel();
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        let mut input = input;
        loop {
            match read(&mut input) {
                Ok(Request::Cancel { job }) => stop.cancel(job),
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
    inbox
}
